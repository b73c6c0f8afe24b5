//! Lists, which come in pages.

use std::collections::HashSet;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::stream::{Stream, StreamExt, TryStreamExt, try_unfold};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::answer;
use crate::client::Client;
use crate::error::Error;
use crate::model::{Row, null_as_default};
use crate::request::{self, HttpRequest};

/// Pages of one list that are followed at most: a million and more objects.
const PAGE_LIMIT: u32 = 5_000;

/// Objects that come page by page, as they are asked for. A stream; [`Listing::all`] gathers it.
///
/// An object that comes again, because others were made or deleted while the pages were read, is left out the second time; one that moved to a
/// page already read is missed. Objects that do not fit what was asked for are left out: NetBox ignores filters that it does not know and then answers everything.
#[must_use = "a listing asks for nothing until it is read"]
pub struct Listing<T> {
    stream: Pin<Box<dyn Stream<Item = Result<T, Error>> + Send>>,
}

impl<T> std::fmt::Debug for Listing<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Listing").finish_non_exhaustive()
    }
}

impl<T> Stream for Listing<T> {
    type Item = Result<T, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.stream.as_mut().poll_next(context)
    }
}

impl<T> Listing<T> {
    /// Reads to the end.
    ///
    /// # Errors
    /// When a page cannot be read; what came before is lost.
    pub async fn all(self) -> Result<Vec<T>, Error> {
        self.stream.try_collect().await
    }

    /// The only object, `None` if there is none.
    ///
    /// # Errors
    /// [`Error::Ambiguous`] if there are several, with `what` in its text; or when a page cannot be read.
    pub(crate) async fn at_most_one(self, what: impl FnOnce() -> String) -> Result<Option<T>, Error> {
        let mut found = self.all().await?;
        match found.len() {
            0 | 1 => Ok(found.pop()),
            count => Err(Error::Ambiguous { what: what(), count }),
        }
    }
}

/// The envelope; `count` is left out, since it may be null.
#[derive(Deserialize)]
#[serde(bound(deserialize = "T: Deserialize<'de>"))]
struct Page<T> {
    #[serde(default)]
    next: Option<String>,
    #[serde(deserialize_with = "null_as_default")]
    results: Vec<T>,
}

impl Client {
    /// Follows the pages that begin with `first`, and keeps what `accept` takes.
    pub(crate) fn list<T, F>(&self, first: Result<HttpRequest, Error>, accept: F) -> Listing<T>
    where
        T: DeserializeOwned + Row + Send + 'static,
        F: Fn(&T) -> bool + Send + 'static,
    {
        let client = self.clone();
        let begin = Place { request: first, number: 1, asked: HashSet::new() };
        let pages = try_unfold(Some(begin), move |place: Option<Place>| {
            let client = client.clone();
            async move {
                let Some(Place { request, number, mut asked }) = place else {
                    return Ok(None);
                };
                let request = request?;
                let query = request.uri().query().unwrap_or_default().to_owned();
                if number > PAGE_LIMIT || !asked.insert(query) {
                    return Err(Error::EndlessList { pages: number - 1 });
                }
                let (page, next) = client.page::<T>(request).await?;
                let next = next.map(|request| Place { request, number: number + 1, asked });
                Ok::<_, Error>(Some((page, next)))
            }
        });
        let mut seen = HashSet::new();
        let objects = pages
            .map_ok(|page| futures_util::stream::iter(page.into_iter().map(Ok)))
            .try_flatten()
            .try_filter(move |object: &T| std::future::ready(seen.insert(object.row_id()) && accept(object)))
            .boxed();
        Listing { stream: objects }
    }

    async fn page<T: DeserializeOwned>(
        &self,
        request: HttpRequest,
    ) -> Result<(Vec<T>, Option<Result<HttpRequest, Error>>), Error> {
        let path = request.uri().path().to_owned();
        let answer = self.send(request).await?;
        let page: Page<T> = answer::decode(&format!("GET {path}"), &answer.body)?;
        // Only the query of `next` is taken: behind a proxy its host may be one that we cannot, or must not, talk to.
        let query = |next: &str| next.split_once('?').map(|(_, query)| query.to_owned()).unwrap_or_default();
        let next = page.next.filter(|next| !next.is_empty()).map(|next| query(&next));
        Ok((page.results, next.map(|query| request::get_uri(&format!("{path}?{query}")))))
    }
}

/// How far a list was read.
struct Place {
    /// Of the next page.
    request: Result<HttpRequest, Error>,
    /// The next page's, from 1.
    number: u32,
    /// The queries of the pages that were read.
    asked: HashSet<String>,
}
