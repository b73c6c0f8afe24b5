//! Lists, which come in pages.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::stream::{Stream, StreamExt, TryStreamExt, try_unfold};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::answer;
use crate::client::Client;
use crate::error::Error;
use crate::model::null_as_default;
use crate::request::{self, HttpRequest};

/// Pages of one list that are followed at most: a million and more objects.
const PAGE_LIMIT: u32 = 5_000;

/// Objects that come page by page, as they are asked for. A stream; [`Listing::all`] gathers it.
///
/// Objects that do not fit what was asked for are left out: NetBox ignores filters that it does not know and then answers everything.
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
        T: DeserializeOwned + Send + 'static,
        F: Fn(&T) -> bool + Send + 'static,
    {
        let client = self.clone();
        let pages = try_unfold(Some((first, 1)), move |state: Option<(Result<HttpRequest, Error>, u32)>| {
            let client = client.clone();
            async move {
                let Some((request, number)) = state else {
                    return Ok(None);
                };
                if number > PAGE_LIMIT {
                    return Err(Error::EndlessList { pages: PAGE_LIMIT });
                }
                let (page, next) = client.page::<T>(request?).await?;
                Ok::<_, Error>(Some((page, next.map(|next| (next, number + 1)))))
            }
        });
        let objects = pages
            .map_ok(|page| futures_util::stream::iter(page.into_iter().map(Ok)))
            .try_flatten()
            .try_filter(move |object| std::future::ready(accept(object)))
            .boxed();
        Listing { stream: objects }
    }

    async fn page<T: DeserializeOwned>(
        &self,
        request: HttpRequest,
    ) -> Result<(Vec<T>, Option<Result<HttpRequest, Error>>), Error> {
        let (path, uri) = (request.uri().path().to_owned(), request.uri().clone());
        let answer = self.send(request).await?;
        let page: Page<T> = answer::decode(&format!("GET {path}"), &answer.body)?;
        // Only the query of `next` is taken: behind a proxy its host may be one that we cannot, or must not, talk to.
        let query = page.next.as_deref().and_then(|next| next.split_once('?')).map(|(_, query)| query);
        if query.is_some() && query == uri.query() {
            return Err(Error::EndlessList { pages: 1 });
        }
        let next = query.map(|query| request::get_uri(&format!("{path}?{query}")));
        Ok((page.results, next))
    }
}
