//! Tests of [`xpath`](super) and of what its expressions lead to.

use super::*;
use proptest::prelude::*;

fn data() -> Node {
    let port = |name: &str, mtu: &str| {
        Node::new("urn:a", "port").with([
            Node::leaf("urn:a", "name", name),
            Node::leaf("urn:b", "mtu", mtu),
            Node::new("urn:a", "shutdown"),
        ])
    };
    let ports = [port("1/0/1", "1500"), port("1/0/2", "9000"), port("1/0/10", "1500")];
    Node::root().with([Node::new("urn:a", "top").with(ports), Node::leaf("urn:a", "div", "6")])
}

fn namespace(prefix: &str) -> Option<String> {
    matches!(prefix, "a" | "b").then(|| format!("urn:{prefix}"))
}

/// The names of the ports, or of other nodes, that an expression leads to.
fn found(path: &str) -> Vec<String> {
    let data = data();
    let ways = XPath::parse(path, &namespace).unwrap().ways(&data).unwrap();
    let name = |way: Vec<&Node>| {
        let port = way.iter().find_map(|node| node.text_at(&["name"])).unwrap_or_default();
        let last = way.last().map_or("/", |node| node.name.as_str());
        format!("{port} {last}").trim().to_owned()
    };
    ways.into_iter().map(name).collect()
}

#[test]
fn paths_lead_to_their_nodes() {
    for (path, expected) in [
        ("/a:top", &["top"][..]),
        ("top", &["top"]),
        ("/", &["/"]),
        ("/b:top", &[]),
        ("/top/port[2]", &["1/0/2 port"]),
        ("/top/port[last()]/name/text()", &["1/0/10 name"]),
        ("/top/port[position() < 3 and position() != 1]", &["1/0/2 port"]),
        ("/a:top/a:port[a:name='1/0/1']", &["1/0/1 port"]),
        ("/a:top/a:port[name = \"1/0/2\"]/b:mtu", &["1/0/2 mtu"]),
        ("/top/port[mtu=9000 and name='1/0/1']", &[]),
        ("/top/port[mtu=9000 or name='1/0/1']", &["1/0/1 port", "1/0/2 port"]),
        ("/top/port[not(mtu > 1500)][2]/name", &["1/0/10 name"]),
        ("/top/port[starts-with(name, '1/0/1')]", &["1/0/1 port", "1/0/10 port"]),
        ("/top/port[contains(name,'0/2')]/..", &["top"]),
        ("//b:mtu[. = '9000']/preceding-sibling::name", &["1/0/2 name"]),
        ("//port[name='1/0/2']/following-sibling::port", &["1/0/10 port"]),
        ("//port[name='1/0/2']/preceding::mtu", &["1/0/1 mtu"]),
        ("/child::top/descendant::name[parent::port/mtu=9000]", &["1/0/2 name"]),
        ("//*[local-name() = 'mtu' and number(.) * 2 = 3000]/ancestor::port", &["1/0/1 port", "1/0/10 port"]),
        ("/top/port[string-length(name) = 6]", &["1/0/10 port"]),
        ("/top/port[substring-after(name, '1/0/') + 1 = 3]", &["1/0/2 port"]),
        ("/top/port[translate(substring(name, 5), '12', 'ab') = 'b']", &["1/0/2 port"]),
        ("/top/port[count(*) = 3 and mtu mod 7 = 2]/name", &["1/0/1 name", "1/0/10 name"]),
        ("(/top/port | //div)[1]", &["1/0/1 port"]),
        ("/div[. div 2 = 3]", &["div"]),
        ("/top/port[mtu = /top/port[2]/mtu]", &["1/0/2 port"]),
        ("/top/*[name != '1/0/1'][shutdown]/b:*", &["1/0/2 mtu", "1/0/10 mtu"]),
        ("//@name", &[]),
        ("/top/port[-1 = -number(true())]/name[self::name = '1/0/1']", &["1/0/1 name"]),
    ] {
        assert_eq!(found(path), expected, "{path}");
    }
}

#[test]
fn what_cannot_be_read_or_leads_nowhere_is_refused_with_a_reason() {
    for bad in [
        "",
        "/c:top",
        "/top[",
        "/top]",
        "top[1=1]x",
        "/top/port[name='",
        "//",
        "/top/",
        "nothing()",
        "count()",
        "$x",
        "/top[",
        "a::b",
    ] {
        assert!(XPath::parse(bad, &namespace).is_err(), "{bad}");
    }
    for value in ["1", "count(/top)", "'text'", "1 | 2", "count('x')", "'x'/y"] {
        assert!(XPath::parse(value, &namespace).unwrap().ways(&data()).is_err(), "{value}");
    }
}

#[test]
fn an_expression_without_measure_is_given_up() {
    let deep = format!("/top[{}1{}]", "(".repeat(40), ")".repeat(40));
    assert!(XPath::parse(&deep, &namespace).unwrap_err().contains("nested"));
    let wide = Node::root().with((0..3000).map(|_| Node::leaf("urn:a", "x", "1")));
    for path in [
        "//*[//* = //*]",
        "//*[//*[contains(/, '2')]]",
        "//*[//*[//*]]",
        "//*[contains(concat(/, /, /), '2')]",
    ] {
        let squared = XPath::parse(path, &namespace).unwrap();
        assert!(squared.ways(&wide).unwrap_err().contains("too many"), "{path}");
    }
}

proptest! {
    #[test]
    fn parsing_never_panics(text in "[a-b/:*\\[\\]='\"|. ()0-9<>+@-]{0,24}") {
        if let Ok(path) = XPath::parse(&text, &namespace) {
            let _ = path.ways(&data());
        }
    }
}
