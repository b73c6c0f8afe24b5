//! Paging by `Link` headers (RFC 8288), only within the configured address.

use std::collections::HashSet;

use http::HeaderMap;
use reqwest::Url;

use crate::error::Error;

/// Most pages of one list that are read.
const MAX_PAGES: usize = 200;

/// Remembers the pages of one list that were asked for.
pub(crate) struct Pages {
    seen: HashSet<String>,
}

impl From<String> for Pages {
    fn from(first: String) -> Self {
        Self { seen: HashSet::from([first]) }
    }
}

impl Pages {
    /// The path of the next page, relative to the base URL; `None` at the end.
    pub(crate) fn next(&mut self, base: &Url, headers: &HeaderMap) -> Result<Option<String>, Error> {
        let Some(target) = next_link(headers) else {
            return Ok(None);
        };
        let path = relative(base, &target)?;
        if !self.seen.insert(path.clone()) {
            // Some lists end by naming the same page again.
            return Ok(None);
        }
        if self.seen.len() > MAX_PAGES {
            return Err(Error::Paging("too many pages"));
        }
        Ok(Some(path))
    }
}

/// The target of `rel="next"` in any of the `Link` headers.
fn next_link(headers: &HeaderMap) -> Option<String> {
    let values = headers.get_all(http::header::LINK);
    values.iter().filter_map(|value| value.to_str().ok()).find_map(next_in)
}

fn next_in(value: &str) -> Option<String> {
    let mut rest = value;
    while let Some((target, after)) = rest.split_once('<').and_then(|(_, rest)| rest.split_once('>')) {
        let params = after.split('<').next().unwrap_or_default();
        let is_next = params.split([';', ',']).any(|param| {
            let param = param.trim();
            param.eq_ignore_ascii_case("rel=next") || param.eq_ignore_ascii_case("rel=\"next\"")
        });
        if is_next {
            return Some(target.to_owned());
        }
        rest = after;
    }
    None
}

fn relative(base: &Url, target: &str) -> Result<String, Error> {
    let mut url = base.join(target).map_err(|_| Error::Paging("not a URL"))?;
    if url.origin() != base.origin() {
        return Err(Error::Paging("on another host"));
    }
    // A known quirk: `max=null`, which the server itself refuses.
    let kept = url.query().unwrap_or_default().split('&').filter(|pair| *pair != "max=null");
    let query = kept.collect::<Vec<_>>().join("&");
    url.set_query(Some(query.as_str()).filter(|query| !query.is_empty()));
    let path = url.path().strip_prefix(base.path()).ok_or(Error::Paging("outside the API"))?;
    Ok(url.query().map_or_else(|| format!("/{path}"), |query| format!("/{path}?{query}")))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn next(link: &str) -> Result<Option<String>, Error> {
        let base = Url::parse("https://webexapis.com/v1/").unwrap();
        let mut headers = HeaderMap::new();
        headers.insert("link", HeaderValue::from_str(link).unwrap());
        Pages::from("/webhooks?max=100".to_owned()).next(&base, &headers)
    }

    #[test]
    fn the_next_page_is_found_among_other_links() {
        let link = "<https://webexapis.com/v1/webhooks?max=2>; rel=\"first\", \
                    <https://webexapis.com/v1/webhooks?max=2&cursor=bGlt>; rel=\"next\"";
        assert_eq!(next(link).unwrap().as_deref(), Some("/webhooks?max=2&cursor=bGlt"));
        assert_eq!(next("<https://webexapis.com/v1/webhooks>; rel=\"first\"").unwrap(), None);
    }

    #[test]
    fn a_page_may_be_named_from_the_root_of_the_host() {
        assert_eq!(
            next("</v1/webhooks?cursor=x>; rel=\"next\"").unwrap().as_deref(),
            Some("/webhooks?cursor=x")
        );
    }

    #[test]
    fn max_null_is_dropped() {
        let link = "<https://webexapis.com/v1/webhooks?max=null&cursor=x>; rel=\"next\"";
        assert_eq!(next(link).unwrap().as_deref(), Some("/webhooks?cursor=x"));
    }

    #[test]
    fn a_page_elsewhere_is_not_followed() {
        for target in [
            "https://evil.example/v1/webhooks",
            "http://webexapis.com/v1/webhooks",
            "https://webexapis.com/v2/x",
            "//x",
        ] {
            assert!(next(&format!("<{target}>; rel=next")).is_err(), "{target}");
        }
    }

    #[test]
    fn a_repeated_page_ends_the_list() {
        let base = Url::parse("https://webexapis.com/v1/").unwrap();
        let mut headers = HeaderMap::new();
        headers.insert("link", HeaderValue::from_static("<https://webexapis.com/v1/a?b=c>; rel=\"next\""));
        let mut pages = Pages::from("/a".to_owned());
        assert!(pages.next(&base, &headers).unwrap().is_some());
        assert!(pages.next(&base, &headers).unwrap().is_none());
        assert!(Pages::from("/a?b=c".to_owned()).next(&base, &headers).unwrap().is_none(), "the first again");
    }
}
