//! Payloads out of a schema: mostly right, now and then wrong in one of the ways people and programs get them wrong.

use yang_schema::{IntegerKind, Node, NodeKind, Restriction, Schema, Type, TypeKind};

use crate::yanglint::Kind;

/// One payload: the top-level elements side by side.
#[derive(Debug, Clone)]
pub(crate) struct Payload {
    pub(crate) kind: Kind,
    pub(crate) xml: String,
}

/// Deepest nesting.
const DEPTH: usize = 12;
/// Most elements of one payload, roughly.
const SIZE: usize = 40;
/// Of a thousand values, how many are bad on purpose.
const BAD_VALUES: u64 = 12;
/// Of a thousand elements, how many have something wrong on purpose.
const BAD_ELEMENTS: u64 = 12;

const NETCONF: &str = "urn:ietf:params:xml:ns:netconf:base:1.0";

/// Texts that types like and dislike.
const TEXTS: &[&str] = &[
    "a",
    "b",
    "uplink",
    "1/0/5",
    "1",
    "0",
    "07",
    "4094",
    "4095",
    "-1",
    "192.0.2.1",
    "192.0.2.256",
    "2001:db8::1",
    "::",
    "00:11:22:33:44:55",
    "0011.2233.4455",
    "true",
    "false",
    "any",
    "",
    " ",
    " a ",
    "a b",
    "reserved",
    "reserved-x",
    "é",
    "\u{1F600}",
    "abcdefghijklmnopqrstuvwxyz",
    "A-Z",
    "x.y",
    "a_b",
    "1.5",
    "255.255.255.0",
    "10.0.0.0/8",
    "line\nbreak",
    "tab\tstop",
    "<&>\"'",
    "host.example.net",
    "2024-07-01T10:00:00Z",
    "1y2w",
    "GigabitEthernet1/0/1",
];

pub(crate) struct Generator<'s> {
    roots: Vec<Node<'s>>,
    operations: Vec<Node<'s>>,
    state: u64,
    left: usize,
    kind: Kind,
}

impl<'s> Generator<'s> {
    pub(crate) fn new(schema: &'s Schema, modules: &[&str], seed: u64) -> Self {
        let of = |kinds: fn(NodeKind) -> bool| -> Vec<Node<'s>> {
            let all = schema.root().data_children();
            all.filter(|node| kinds(node.kind()) && modules.contains(&node.module().name())).collect()
        };
        Self {
            roots: of(NodeKind::is_data),
            operations: of(|kind| kind == NodeKind::Rpc),
            state: seed,
            left: 0,
            kind: Kind::Edit,
        }
    }

    /// A payload; `None` if the models have nothing of this kind.
    pub(crate) fn payload(&mut self, kind: Kind) -> Option<Payload> {
        self.kind = kind;
        self.left = 2 + self.below(SIZE as u64) as usize;
        let choice = if kind == Kind::Rpc { self.operations.clone() } else { self.config_roots() };
        let root = self.one_of(&choice)?;
        let mut xml = String::new();
        self.element(*root, "", 0, &mut xml);
        Some(Payload { kind, xml })
    }

    fn config_roots(&mut self) -> Vec<Node<'s>> {
        // state is wrong in an edit: seldom, so that something else is tried
        let all = self.kind == Kind::Data || self.chance(30);
        self.roots.iter().copied().filter(|node| all || node.is_config()).collect()
    }

    /// splitmix64
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        if limit == 0 { 0 } else { self.next() % limit }
    }

    /// True so many times of a thousand.
    fn chance(&mut self, permille: u64) -> bool {
        self.below(1000) < permille
    }

    fn one_of<'l, T>(&mut self, list: &'l [T]) -> Option<&'l T> {
        let at = self.below(list.len() as u64) as usize;
        list.get(at)
    }

    fn element(&mut self, node: Node<'s>, parent: &str, depth: usize, out: &mut String) {
        self.left = self.left.saturating_sub(1);
        let bad = self.chance(BAD_ELEMENTS).then(|| self.below(9));
        let name = if bad == Some(0) { "nowhere" } else { node.name() };
        let namespace = if bad == Some(1) { "urn:example:nowhere" } else { node.namespace() };
        let start = out.len();
        out.push_str(&format!("<{name}"));
        if namespace != parent {
            out.push_str(&format!(" xmlns=\"{namespace}\""));
        }
        self.attributes(node, bad, out);
        if node.kind().has_value() {
            self.value(node, bad, out);
        } else if matches!(node.kind(), NodeKind::Anydata | NodeKind::Anyxml) {
            out.push('>');
        } else {
            out.push('>');
            if bad == Some(2) {
                out.push_str("text");
            }
            self.children(node, namespace, depth, out);
        }
        out.push_str(&format!("</{name}>"));
        // two operations are two messages
        if bad == Some(3) && node.kind() != NodeKind::Rpc {
            let again = out[start..].to_owned();
            out.push_str(&again);
        }
    }

    fn attributes(&mut self, node: Node<'s>, bad: Option<u64>, out: &mut String) {
        if bad == Some(4) {
            out.push_str(" color=\"red\"");
        }
        let edit = self.kind == Kind::Edit;
        if (edit && self.chance(60)) || bad == Some(5) {
            let all = ["merge", "replace", "create", "delete", "remove", "erase"];
            let limit = if bad == Some(5) { all.len() } else { 3 };
            let operation = all[self.below(limit as u64) as usize];
            if !node.is_key() {
                out.push_str(&format!(" xmlns:nc=\"{NETCONF}\" nc:operation=\"{operation}\""));
            }
        }
    }

    fn value(&mut self, node: Node<'s>, bad: Option<u64>, out: &mut String) {
        let Some(ty) = node.ty() else { return };
        let text = if self.chance(BAD_VALUES) { self.text() } else { self.good(node, ty, 0) };
        // names that are values need their modules' prefixes
        if let Some((module, name)) = text.strip_prefix('\u{1}').and_then(|text| text.split_once(':')) {
            let namespace = node.schema().module(module).map(|module| module.namespace()).unwrap_or_default();
            out.push_str(&format!(" xmlns:v=\"{namespace}\">v:{name}"));
            return;
        }
        out.push('>');
        out.push_str(&escaped(&text));
        if bad == Some(6) {
            out.push_str("<more/>");
        }
    }

    fn text(&mut self) -> String {
        self.one_of(TEXTS).map(|text| (*text).to_owned()).unwrap_or_default()
    }

    /// A value that should fit; of patterns nobody knows.
    fn good(&mut self, node: Node<'s>, ty: Type<'s>, depth: usize) -> String {
        match ty.kind() {
            TypeKind::Integer { kind, range } => self.number(&range, 0, Some(kind)),
            TypeKind::Decimal64 { fraction_digits, range } => self.number(&range, fraction_digits, None),
            TypeKind::Boolean => ["true", "false"][self.below(2) as usize].to_owned(),
            TypeKind::Empty => String::new(),
            TypeKind::Enumeration(values) => {
                self.one_of(&values).map(|value| value.name.to_owned()).unwrap_or_default()
            }
            TypeKind::Bits(bits) => {
                let mut names: Vec<&str> = bits.iter().map(|bit| bit.name).collect();
                names.retain(|_| self.chance(400));
                names.join(" ")
            }
            TypeKind::Binary { .. } => {
                ["AAAA", "AA==", "", "YWJjZGVmZ2g="][self.below(4) as usize].to_owned()
            }
            TypeKind::IdentityRef(bases) => self.identity(node, &bases),
            TypeKind::Union(members) if depth < 8 => match self.one_of(&members).copied() {
                Some(member) => self.good(node, member, depth + 1),
                None => String::new(),
            },
            TypeKind::Leafref { .. } => {
                let target = node.page().ty.and_then(|page| page.target);
                let target = target.and_then(|path| node.schema().find(&path).ok());
                match target.and_then(|target| Some((target, target.ty()?))) {
                    Some((target, ty)) if depth < 8 => self.good(target, ty, depth + 1),
                    _ => self.text(),
                }
            }
            TypeKind::InstanceIdentifier { .. } => "/".to_owned(),
            TypeKind::String { .. } => self.fitting(ty),
            _ => self.text(),
        }
    }

    /// One of the texts that has a good length, if there is one.
    fn fitting(&mut self, ty: Type<'s>) -> String {
        let TypeKind::String { length, .. } = ty.kind() else { return self.text() };
        for _ in 0..6 {
            let text = self.text();
            let count = text.chars().count() as i128;
            let fits = length.as_ref().is_none_or(|length| {
                length.intervals.iter().any(|(low, high)| (*low..=*high).contains(&count))
            });
            if fits {
                return text;
            }
        }
        self.text()
    }

    fn number(&mut self, range: &Restriction, digits: u8, kind: Option<IntegerKind>) -> String {
        let Some(&(low, high)) = self.one_of(&range.intervals) else { return "0".to_owned() };
        let outside = self.chance(BAD_VALUES);
        let value = match self.below(4) {
            0 => low - i128::from(outside),
            1 => high + i128::from(outside),
            _ => low + i128::from(self.next()) % (high - low + 1),
        };
        if digits > 0 {
            let scale = 10_i128.pow(u32::from(digits));
            let sign = if value < 0 { "-" } else { "" };
            let (whole, part) = (value.abs() / scale, value.abs() % scale);
            return format!("{sign}{whole}.{part:0>width$}", width = usize::from(digits));
        }
        // the other ways of writing a number that RFC 7950 section 9.2.1 has or forbids
        match self.below(60) {
            0 => format!("+{value}"),
            1 => format!("0{value}"),
            2 => format!(" {value} "),
            3 if kind.is_some() => format!("{value}.0"),
            4 => format!("0x{value:x}"),
            _ => value.to_string(),
        }
    }

    /// `\u{1}module:name`
    fn identity(&mut self, node: Node<'s>, bases: &[String]) -> String {
        let (module, name) = bases.first().and_then(|base| base.split_once(':')).unwrap_or_default();
        let known: Vec<String> = node
            .schema()
            .derived_identities(module, name)
            .map(|identity| format!("\u{1}{}:{}", identity.module, identity.name))
            .collect();
        if self.chance(BAD_VALUES) {
            return format!("\u{1}{module}:{name}");
        }
        self.one_of(&known).cloned().unwrap_or_default()
    }

    fn children(&mut self, node: Node<'s>, namespace: &str, depth: usize, out: &mut String) {
        let source = match node.kind() {
            NodeKind::Rpc => node.children().find(|child| child.kind() == NodeKind::Input),
            _ => Some(node),
        };
        let Some(source) = source else { return };
        let mut keys: Vec<Node<'s>> = source.keys().collect();
        if self.chance(BAD_ELEMENTS) && !keys.is_empty() {
            keys.pop();
        } else if self.chance(BAD_ELEMENTS) {
            keys.reverse();
        }
        for key in keys {
            self.element(key, namespace, depth + 1, out);
        }
        if depth >= DEPTH {
            return;
        }
        let mut others = Vec::new();
        self.choose(source, &mut others);
        for child in others {
            if self.left == 0 && !child.is_mandatory() {
                continue;
            }
            let entries = match child.kind() {
                NodeKind::List | NodeKind::LeafList => 1 + self.below(3),
                _ => 1,
            };
            for _ in 0..entries {
                self.element(child, namespace, depth + 1, out);
            }
        }
    }

    /// Some of the nodes below, of a choice those of one case.
    fn choose(&mut self, node: Node<'s>, chosen: &mut Vec<Node<'s>>) {
        let all: Vec<Node<'s>> = node.children().collect();
        // a device's model has hundreds of nodes side by side
        let wanted = 250_u64.max(3000 / (all.len() as u64 + 1)).min(700);
        for child in all {
            if child.is_key() || !(child.is_mandatory() || self.chance(wanted)) {
                continue;
            }
            if !child.is_config() && self.kind != Kind::Data && self.kind != Kind::Rpc && !self.chance(10) {
                continue;
            }
            match child.kind() {
                NodeKind::Choice => {
                    let cases: Vec<Node<'s>> = child.children().collect();
                    for _ in 0..if self.chance(20) { 2 } else { 1 } {
                        if let Some(case) = self.one_of(&cases).copied() {
                            self.choose(case, chosen);
                        }
                    }
                }
                kind if kind.is_data() => chosen.push(child),
                _ => {}
            }
        }
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
