//! Zammad's cleaning of HTML article bodies: what it keeps, what it unwraps, what it removes.
//!
//! As in Zammad: comments and `style` go with their content, a `script`'s content stays as text, other tags that are not on the list are
//! unwrapped, attributes not on the list (event handlers, ids) go, and so do links to `javascript:` and the like. Hence nothing invisible
//! survives in a body; a marker belongs in the subject.

/// Tags that stay.
const TAGS: [&str; 68] = [
    "a",
    "abbr",
    "acronym",
    "address",
    "area",
    "article",
    "aside",
    "b",
    "bdi",
    "bdo",
    "big",
    "blockquote",
    "br",
    "caption",
    "center",
    "cite",
    "code",
    "col",
    "colgroup",
    "dd",
    "del",
    "details",
    "dfn",
    "dir",
    "div",
    "dl",
    "dt",
    "em",
    "figcaption",
    "figure",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "i",
    "img",
    "ins",
    "kbd",
    "label",
    "legend",
    "li",
    "mark",
    "nav",
    "ol",
    "p",
    "pre",
    "q",
    "s",
    "samp",
    "section",
    "small",
    "span",
    "strike",
    "strong",
    "sub",
    "summary",
    "sup",
    "table",
    "tbody",
    "td",
    "th",
    "thead",
    "tr",
];
/// More tags that stay.
const MORE_TAGS: [&str; 6] = ["tfoot", "time", "tt", "u", "ul", "var"];
/// Tags without content or end tag.
const VOID: [&str; 6] = ["area", "br", "col", "hr", "img", "wbr"];
/// Attributes that stay on every tag.
const ATTRIBUTES: [&str; 6] = ["dir", "lang", "title", "translate", "data-signature", "data-signature-id"];
/// Classes that stay.
const CLASSES: [&str; 3] = ["js-signatureMarker", "yahoo_quoted", "zammad-table"];
/// CSS properties that stay on tables and their cells; a `span` keeps `color` alone.
const CSS: [&str; 9] = [
    "background-color",
    "border",
    "border-collapse",
    "color",
    "font-size",
    "margin",
    "padding",
    "text-align",
    "vertical-align",
];

/// Cleans an HTML body. The result has balanced tags, so it can be put into a page.
pub(super) fn sanitize(html: &str) -> String {
    let mut cleaner = Cleaner { out: String::with_capacity(html.len()), open: Vec::new() };
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        cleaner.text(&rest[..at]);
        rest = cleaner.markup(&rest[at..]);
    }
    cleaner.text(rest);
    cleaner.finish()
}

struct Cleaner {
    out: String,
    /// Tags that wait for their end, and whether each was unwrapped rather than written.
    open: Vec<(String, bool)>,
}

struct Tag<'a> {
    name: String,
    attributes: Vec<(String, String)>,
    rest: &'a str,
}

impl Cleaner {
    fn text(&mut self, text: &str) {
        escape(&decode(text), &mut self.out);
    }

    /// Reads what begins with `<`, and returns what comes after it.
    fn markup<'a>(&mut self, text: &'a str) -> &'a str {
        if let Some(comment) = text.strip_prefix("<!--") {
            return comment.find("-->").map_or("", |end| &comment[end + 3..]);
        }
        if text.starts_with("<!") || text.starts_with("<?") {
            return text.find('>').map_or("", |end| &text[end + 1..]);
        }
        if let Some(end) =
            text.strip_prefix("</").filter(|end| end.starts_with(|c: char| c.is_ascii_alphabetic()))
        {
            let Some(close) = end.find('>') else { return "" };
            let name: String = end[..close].chars().take_while(char::is_ascii_alphanumeric).collect();
            self.end_tag(&name.to_ascii_lowercase());
            return &end[close + 1..];
        }
        if !text[1..].starts_with(|c: char| c.is_ascii_alphabetic()) {
            self.out.push_str("&lt;");
            return &text[1..];
        }
        let Some(tag) = start_tag(text) else { return "" };
        match tag.name.as_str() {
            "style" => after_end(tag.rest, "style").1,
            "script" => {
                let (content, rest) = after_end(tag.rest, "script");
                escape(content, &mut self.out);
                rest
            }
            _ => {
                self.start(&tag);
                tag.rest
            }
        }
    }

    fn start(&mut self, tag: &Tag<'_>) {
        let name = tag.name.as_str();
        if !TAGS.contains(&name) && !MORE_TAGS.contains(&name) {
            return;
        }
        let kept = kept_attributes(tag);
        let has = |wanted: &str| kept.iter().any(|(name, _)| name == wanted);
        // An image from elsewhere would tell its server who reads the ticket; an `a` without a target is no link.
        if name == "img" && !has("src") {
            return;
        }
        let unwrapped = name == "a" && !has("href");
        if !VOID.contains(&name) {
            self.open.push((name.to_owned(), unwrapped));
        }
        if unwrapped {
            return;
        }
        self.out.push('<');
        self.out.push_str(name);
        for (name, value) in &kept {
            self.out.push_str(&format!(" {name}=\""));
            escape(value, &mut self.out);
            self.out.push('"');
        }
        self.out.push('>');
    }

    fn end_tag(&mut self, name: &str) {
        // An end without a beginning would close something of the page around it.
        let Some(at) = self.open.iter().rposition(|(open, _)| open == name) else {
            return;
        };
        for (open, unwrapped) in self.open.split_off(at).into_iter().rev() {
            if !unwrapped {
                self.out.push_str(&format!("</{open}>"));
            }
        }
    }

    fn finish(mut self) -> String {
        while let Some((name, unwrapped)) = self.open.pop() {
            if !unwrapped {
                self.out.push_str(&format!("</{name}>"));
            }
        }
        self.out
    }
}

/// Reads a start tag; `None` if it has no end.
fn start_tag(text: &str) -> Option<Tag<'_>> {
    let name: String = text[1..].chars().take_while(|c| !c.is_whitespace() && !"/>".contains(*c)).collect();
    let mut rest = &text[1 + name.len()..];
    let mut attributes = Vec::new();
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        if let Some(rest) = rest.strip_prefix('>') {
            return Some(Tag { name: name.to_ascii_lowercase(), attributes, rest });
        }
        let end = rest
            .char_indices()
            .skip(1)
            .find(|(_, c)| c.is_whitespace() || "=/>".contains(*c))
            .map(|(at, _)| at)?;
        let attribute = rest[..end].to_ascii_lowercase();
        rest = rest[end..].trim_start();
        let mut value = "";
        if let Some(after) = rest.strip_prefix('=') {
            let after = after.trim_start();
            (value, rest) = match after.chars().next()? {
                quote @ ('"' | '\'') => after[1..].split_once(quote)?,
                _ => after.split_at(after.find(|c: char| c.is_whitespace() || c == '>')?),
            };
        }
        attributes.push((attribute, decode(value)));
    }
}

/// What comes before and after the end tag of an element whose content is raw text.
fn after_end<'a>(text: &'a str, name: &str) -> (&'a str, &'a str) {
    let lower = text.to_ascii_lowercase();
    let Some(at) = lower.find(&format!("</{name}")) else {
        return (text, "");
    };
    let rest = &text[at..];
    (&text[..at], rest.find('>').map_or("", |end| &rest[end + 1..]))
}

fn kept_attributes(tag: &Tag<'_>) -> Vec<(String, String)> {
    let mut kept: Vec<(String, String)> = Vec::new();
    for (name, value) in &tag.attributes {
        if kept.iter().any(|(known, _)| known == name) {
            continue;
        }
        let value = match (tag.name.as_str(), name.as_str()) {
            (_, name) if ATTRIBUTES.contains(&name) => Some(value.clone()),
            (_, "class") => {
                Some(filter(value, ' ', |class| CLASSES.contains(&class))).filter(|text| !text.is_empty())
            }
            ("table" | "td" | "th" | "tr" | "span", "style") => style(&tag.name, value),
            ("td" | "th", "colspan" | "rowspan" | "align" | "valign") => Some(value.clone()),
            ("ol", "start" | "type" | "reversed") | ("li", "value") | ("time", "datetime") => {
                Some(value.clone())
            }
            ("a", "href") => Some(value.trim().to_owned()).filter(|href| safe_link(href)),
            ("img", "src") => {
                Some(value.clone()).filter(|src| src.starts_with("cid:") || src.starts_with("data:image/"))
            }
            ("img", "alt") => Some(value.clone()),
            _ => None,
        };
        if let Some(value) = value {
            kept.push((name.clone(), value));
        }
    }
    let remote =
        |href: &str| ["http", "ftp", "//"].iter().any(|start| href.to_ascii_lowercase().starts_with(start));
    if tag.name == "a" && kept.iter().any(|(name, href)| name == "href" && remote(href)) {
        kept.push(("rel".to_owned(), "nofollow noreferrer noopener".to_owned()));
        kept.push(("target".to_owned(), "_blank".to_owned()));
    }
    kept
}

fn style(tag: &str, value: &str) -> Option<String> {
    let kept = filter(&value.to_ascii_lowercase(), ';', |pair| {
        let (property, value) = pair.split_once(':').unwrap_or((pair, ""));
        let listed = if tag == "span" { property.trim() == "color" } else { CSS.contains(&property.trim()) };
        listed && !value.contains(['(', '\\'])
    });
    Some(kept).filter(|text| !text.is_empty())
}

fn filter(text: &str, separator: char, keep: impl Fn(&str) -> bool) -> String {
    let parts: Vec<&str> =
        text.split(separator).map(str::trim).filter(|part| !part.is_empty() && keep(part)).collect();
    parts.join(separator.encode_utf8(&mut [0; 4]))
}

/// Whether a link's scheme can run nothing; spaces and control characters do not hide it.
fn safe_link(href: &str) -> bool {
    let bare: String = href
        .chars()
        .filter(|c| !c.is_whitespace() && !c.is_control())
        .collect::<String>()
        .to_ascii_lowercase();
    !bare.is_empty()
        && !["javascript:", "livescript:", "vbscript:", "data:"].iter().any(|scheme| bare.contains(scheme))
}

/// Puts characters in the place of the entities that matter; others are text.
fn decode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.char_indices().take(12).find(|(_, c)| *c == ';').map(|(end, _)| end);
        match end.and_then(|end| Some((entity(&rest[1..end])?, end))) {
            Some((character, end)) => {
                out.push(character);
                rest = &rest[end + 1..];
            }
            None => {
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out + rest
}

fn entity(name: &str) -> Option<char> {
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => '\u{a0}',
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code).filter(|c| !c.is_control() || "\n\t".contains(*c))?
        }
    })
}

/// Writes text so that it stays text, in content and in a quoted attribute alike.
fn escape(text: &str, out: &mut String) {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\0' => {}
            other => out.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_note_is_made_of_stays() {
        let note = "<h3>Plan</h3><p>Port <b>1/0/5</b> &lt;new&gt; &amp; old</p><ul><li><code>mtu</code></li></ul><table><tr><td>a</td><td>b</td></tr></table><br>";
        assert_eq!(sanitize(note), note);
    }

    #[test]
    fn what_could_run_is_gone_and_a_scripts_text_is_text() {
        assert_eq!(sanitize("a<script>alert('<b>')</script>b"), "aalert('&lt;b&gt;')b");
        assert_eq!(
            sanitize("<p onclick=\"x()\" id=q class='big zammad-table'>t</p>"),
            "<p class=\"zammad-table\">t</p>"
        );
        assert_eq!(sanitize("<style>p{}</style><iframe src=x>t</iframe>"), "t");
        assert_eq!(sanitize("<a href=\"java\nscript:alert(1)\">t</a>"), "t");
        assert_eq!(sanitize("<a href='&#106;avascript:alert(1)'>t</a>"), "t");
        assert_eq!(sanitize("<img src=\"https://elsewhere.example/x.png\">t"), "t");
        assert_eq!(sanitize("<svg/onload=alert(1)>t"), "t");
        assert_eq!(
            sanitize("<span style=\"color:red;background:url(x)\">t</span>"),
            "<span style=\"color:red\">t</span>"
        );
    }

    #[test]
    fn a_comment_does_not_survive() {
        assert_eq!(sanitize("a<!-- marker -->b<!-- open"), "ab");
    }

    #[test]
    fn a_link_opens_elsewhere_and_tells_nothing() {
        assert_eq!(
            sanitize("<a href=\"http://127.0.0.1/changes/1?a=1&amp;b=2\">x</a>"),
            "<a href=\"http://127.0.0.1/changes/1?a=1&amp;b=2\" rel=\"nofollow noreferrer noopener\" target=\"_blank\">x</a>"
        );
    }

    #[test]
    fn tags_are_balanced() {
        assert_eq!(sanitize("</div><p><b>x</p></main>"), "<p><b>x</b></p>");
    }

    #[test]
    fn a_quotation_mark_cannot_leave_its_attribute() {
        assert_eq!(sanitize("<p title='a\" onload=\"x'>t</p>"), "<p title=\"a&quot; onload=&quot;x\">t</p>");
    }

    proptest::proptest! {
        #[test]
        fn cleaning_twice_is_cleaning_once(html in "(<[a-z!/]{0,7}|[ a-z='\"&;#<>/-]|-->){0,40}") {
            let once = sanitize(&html);
            proptest::prop_assert_eq!(sanitize(&once), once.clone());
        }

        #[test]
        fn no_bytes_make_it_panic_or_let_a_script_through(html: String) {
            proptest::prop_assert!(!sanitize(&html).contains("<script"));
        }
    }
}
