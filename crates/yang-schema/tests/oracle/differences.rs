//! Every way in which the two verdicts may differ, with its reason.

use std::collections::BTreeMap;
use std::fmt;

use yang_schema::{Problem, ProblemKind};

use crate::generate::Payload;
use crate::yanglint::{Kind, Verdict};

/// One payload with both verdicts.
#[derive(Clone, Copy)]
pub(crate) struct Seen<'a> {
    pub(crate) payload: &'a Payload,
    pub(crate) problems: &'a [Problem],
    pub(crate) verdict: &'a Verdict,
}

/// A known difference.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    /// Why the two differ, and who is right.
    pub(crate) reason: &'static str,
    /// Whether a payload on which the verdicts differ shows this difference.
    applies: fn(&Seen<'_>) -> bool,
}

impl Seen<'_> {
    /// yang-schema refuses, only for these kinds of problems.
    fn only(&self, kinds: &[ProblemKind]) -> bool {
        !self.problems.is_empty() && self.problems.iter().all(|problem| kinds.contains(&problem.kind))
    }

    /// yanglint refuses and says one of these.
    fn said(&self, words: &[&str]) -> bool {
        matches!(self.verdict, Verdict::Rejected(reason) if words.iter().any(|word| reason.contains(word)))
    }

    /// yang-schema refuses, for this problem in any case, and else only for what yanglint does not look at in an edit.
    fn mostly(&self, is: impl Fn(&Problem) -> bool) -> bool {
        let parsed = [ProblemKind::Duplicate, ProblemKind::ChoiceConflict, ProblemKind::KeyOrder];
        let excused = |problem: &Problem| {
            problem.kind == ProblemKind::KeyOrder || (self.is_edit() && parsed.contains(&problem.kind))
        };
        self.problems.iter().any(&is) && self.problems.iter().all(|problem| is(problem) || excused(problem))
    }

    fn is_edit(&self) -> bool {
        self.payload.kind == Kind::Edit
    }
}

/// What yanglint does not look at in an rpc.
const UNJUDGED_IN_RPCS: &[ProblemKind] = &[
    ProblemKind::MissingMandatory,
    ProblemKind::TooFew,
    ProblemKind::TooMany,
    ProblemKind::Duplicate,
    ProblemKind::ChoiceConflict,
    ProblemKind::KeyOrder,
    ProblemKind::MissingInstance,
    ProblemKind::NotUnique,
];

/// The table. A payload on which the verdicts differ and no row applies fails the test.
pub(crate) const TABLE: &[Row] = &[
    Row {
        name: "key order",
        reason: "RFC 7950 section 7.8.5 has keys first and in order; libyang reads them in any order (with a warning)",
        applies: |seen| seen.only(&[ProblemKind::KeyOrder]),
    },
    Row {
        name: "edits are only parsed",
        reason: "yanglint parses edits without validating: nodes that stand twice, and two cases of one choice, pass",
        applies: |seen| {
            let kinds = [ProblemKind::Duplicate, ProblemKind::ChoiceConflict, ProblemKind::KeyOrder];
            seen.is_edit() && seen.only(&kinds)
        },
    },
    Row {
        name: "must and when",
        reason: "XPath is left to the device and said to be; libyang evaluates it",
        applies: |seen| {
            !seen.is_edit()
                && seen.problems.is_empty()
                && seen.said(&["When condition", "Must condition", "seven is taken"])
        },
    },
    Row {
        name: "defaults that are not in use",
        reason: "RFC 7950 section 7.6.1 says when a default is in use: not where its container with presence is absent; in `unique`, libyang takes the \
            model's default wherever the leaf is missing",
        applies: |seen| {
            !seen.is_edit() && seen.problems.is_empty() && seen.said(&["Unique data leaf(s) \"lid/size\""])
        },
    },
    Row {
        name: "rpcs are only parsed",
        reason: "yanglint parses an rpc without validating its input: what is missing, too much or stands twice passes",
        applies: |seen| seen.payload.kind == Kind::Rpc && seen.only(UNJUDGED_IN_RPCS),
    },
    Row {
        name: "operations outside of edits",
        reason: "RFC 6241 section 7.2 has the attribute in an edit-config only; to libyang it is metadata like any other",
        applies: |seen| {
            let outside = |problem: &Problem| problem.message.contains("outside of edit-config");
            let is_rpc = seen.payload.kind == Kind::Rpc;
            let unjudged = |problem: &Problem| is_rpc && UNJUDGED_IN_RPCS.contains(&problem.kind);
            !seen.is_edit()
                && seen.problems.iter().any(outside)
                && seen.problems.iter().all(|problem| outside(problem) || unjudged(problem))
        },
    },
    Row {
        name: "classes that leave some out",
        reason: "XML Schema part 2 appendix F has [a-z-[aeiou]]; PCRE2, which libyang gives the pattern to, reads another class there",
        applies: |seen| seen.problems.is_empty() && seen.said(&["[a-z-[aeiou]]+"]),
    },
    Row {
        name: "identities of several bases",
        reason: "RFC 7950 section 9.10.2 has identities derived from all of the bases; to libyang 2.1.30 one of them is enough",
        applies: |seen| {
            seen.mostly(|problem| {
                let allowed = problem.allowed.as_deref().unwrap_or_default();
                allowed.starts_with("an identity derived from edges:shape and edges:hard")
            })
        },
    },
    Row {
        name: "insertions",
        reason: "RFC 7950 sections 7.7.9 and 7.8.6 say where insert may stand, and that key or value name an entry; yanglint only parses them",
        applies: |seen| {
            seen.is_edit()
                && seen.mostly(|problem| {
                    let attribute = problem.bad_attribute.as_deref().unwrap_or_default();
                    problem.kind == ProblemKind::Attribute && matches!(attribute, "insert" | "key" | "value")
                })
        },
    },
    Row {
        name: "a leaf removed without its value",
        reason: "RFC 6241 section 7.2 removes what the element names; libyang wants a value of the type, which nobody needs",
        applies: |seen| {
            seen.is_edit()
                && seen.problems.is_empty()
                && ["delete", "remove"].iter().any(|word| seen.payload.xml.contains(word))
                && seen.said(&["\"\"", "Invalid empty identityref value"])
        },
    },
    Row {
        name: "white space around identities",
        reason: "the value is a qualified name, around which XML Schema collapses white space; libyang does not",
        applies: |seen| seen.problems.is_empty() && seen.said(&["Invalid identityref \" "]),
    },
    Row {
        name: "white space in base64",
        reason: "RFC 7950 section 9.8 builds on XML Schema's base64Binary, which has it; libyang takes line breaks only",
        applies: |seen| seen.problems.is_empty() && seen.said(&["Invalid Base64 character ' '"]),
    },
    Row {
        name: "comments in values",
        reason: "a comment in a leaf is not part of its value (XML 1.0); libyang's own XML reader does not take it",
        applies: |seen| {
            seen.problems.is_empty()
                && seen.payload.xml.contains("<!--")
                && seen.said(&["expected element tag start"])
        },
    },
];

/// What was seen.
#[derive(Default)]
pub(crate) struct Ledger {
    accepted: usize,
    rejected: usize,
    known: BTreeMap<&'static str, usize>,
    unknown: Vec<String>,
}

impl Ledger {
    pub(crate) fn add(&mut self, seen: Seen<'_>) {
        let theirs = matches!(seen.verdict, Verdict::Accepted(_));
        match (seen.problems.is_empty(), theirs) {
            (true, true) => self.accepted += 1,
            (false, false) => self.rejected += 1,
            _ => match TABLE.iter().find(|row| (row.applies)(&seen)) {
                Some(row) => *self.known.entry(row.name).or_default() += 1,
                None => {
                    let problems: Vec<String> = seen.problems.iter().map(ToString::to_string).collect();
                    self.unknown.push(format!(
                        "{:?} {}\n  ours: {problems:?}\n  theirs: {:?}",
                        seen.payload.kind, seen.payload.xml, seen.verdict
                    ));
                }
            },
        }
    }

    pub(crate) fn compare_json(
        &mut self,
        payload: &Payload,
        ours: &serde_json::Value,
        theirs: &serde_json::Value,
    ) {
        if normal(ours) != normal(theirs) {
            self.unknown.push(format!(
                "{:?} {}\n  our JSON: {ours}\n  their JSON: {theirs}",
                payload.kind, payload.xml
            ));
        }
    }

    /// Fails if something differs without a reason.
    #[track_caller]
    pub(crate) fn check(&self) {
        assert!(
            self.unknown.is_empty(),
            "{} differences without a reason; the first:\n{}",
            self.unknown.len(),
            self.unknown.iter().take(12).cloned().collect::<Vec<_>>().join("\n")
        );
    }

    pub(crate) fn accepted(&self) -> usize {
        self.accepted
    }

    pub(crate) fn rejected(&self) -> usize {
        self.rejected
    }

    /// The rows that applied.
    pub(crate) fn used(&self) -> impl Iterator<Item = &'static str> {
        self.known.keys().copied()
    }
}

impl fmt::Display for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} accepted by both, {} refused by both", self.accepted, self.rejected)?;
        for (name, count) in &self.known {
            let reason = TABLE.iter().find(|row| row.name == *name).map_or("", |row| row.reason);
            writeln!(f, "{count:6} {name}: {reason}")?;
        }
        write!(f, "{:6} without a reason", self.unknown.len())
    }
}

/// Defaults of state data, by name and value: libyang prints them even where the data do not have them (its mode `explicit`
/// leaves out those of configuration only), yang-schema converts what is there.
const STATE_DEFAULTS: &[(&str, serde_json::Value)] = &[("default-rib", serde_json::Value::Bool(true))];

/// JSON made comparable: entries in one order (libyang sorts those that the system orders), empty containers left out
/// (libyang does not print them), what is in anydata of unknown modules left out (libyang drops namespaces), and
/// [`STATE_DEFAULTS`] left out.
fn normal(value: &serde_json::Value) -> serde_json::Value {
    match value {
        serde_json::Value::Array(items) => {
            let mut items: Vec<serde_json::Value> = items.iter().map(normal).collect();
            items.sort_by_key(ToString::to_string);
            serde_json::Value::Array(items)
        }
        serde_json::Value::Object(members) => {
            let members = members.iter().map(|(name, value)| (name.clone(), normal(value)));
            let empty = serde_json::json!({});
            let left_out = |name: &str, value: &serde_json::Value| {
                *value == empty
                    || name.contains("anything")
                    || STATE_DEFAULTS.iter().any(|(leaf, default)| name == *leaf && value == default)
            };
            members.filter(|(name, value)| !left_out(name, value)).collect()
        }
        other => other.clone(),
    }
}

/// Module and label of nodes whose type a deviation replaced.
const DEVIATED: &[(&str, &str)] = &[("fleet", "+--rw weight?"), ("edges", "+--rw narrowed?")];

/// Compares two diagrams line by line, over the known differences of trees:
///
/// - Parameters of notifications: RFC 8340 section 2.6 gives them `ro`, yanglint `--`.
/// - Sections of augments: yanglint shows the groupings used there, yang-schema the nodes.
/// - How far types are indented: yanglint does not count the colon after a prefix, so that its columns do not line up.
/// - The order in which nodes come that several augments of other modules add, of which RFC 7950 says nothing.
/// - Types that a deviation replaced: yanglint shows the replaced one; [`DEVIATED`] lists the lines.
#[track_caller]
pub(crate) fn compare_trees(name: &str, ours: &str, theirs: &str) {
    let ours = ordered(ours);
    let theirs = ordered(&theirs.replace("+---- ", "+--ro "));
    let deviated =
        |line: &str| DEVIATED.iter().any(|(module, label)| *module == name && line.contains(label));
    let differs =
        |(ours, theirs): (&String, &String)| ours != theirs && !(deviated(ours) && deviated(theirs));
    let first = ours.iter().zip(&theirs).position(differs);
    if let Some(at) = first {
        panic!("{name}, line {}:\n  ours   {}\n  theirs {}", at + 1, ours[at], theirs[at]);
    }
    assert_eq!(ours.len(), theirs.len(), "{name}: the trees agree as far as the shorter one goes");
}

/// A line of a diagram with what is below it.
struct Line {
    text: String,
    below: Vec<Line>,
}

/// A diagram as lines `depth text`, one space between name and type, augmented nodes in the order of their names.
fn ordered(tree: &str) -> Vec<String> {
    let mut lines = without_augments(tree).peekable();
    let mut out = Vec::new();
    let top = gathered(&mut lines, 0);
    listed(&top, 0, &mut out);
    out
}

/// Where a line's node begins.
fn depth_of(line: &str) -> usize {
    line.find("--").unwrap_or_else(|| line.len() - line.trim_start().len())
}

fn gathered<'t>(lines: &mut std::iter::Peekable<impl Iterator<Item = &'t str>>, depth: usize) -> Vec<Line> {
    let mut found: Vec<Line> = Vec::new();
    while let Some(line) = lines.peek().copied() {
        let at = depth_of(line);
        if at < depth {
            break;
        }
        lines.next();
        let node = &line[line.find("--").map_or(0, |at| at - 1)..];
        let text = node.split_whitespace().collect::<Vec<_>>().join(" ");
        let below = gathered(lines, at + 1);
        found.push(Line { text, below });
    }
    let is_augmented =
        |line: &Line| line.text.split_whitespace().nth(1).is_some_and(|name| name.contains(':'));
    found.sort_by_key(|line| if is_augmented(line) { line.text[1..].to_owned() } else { String::new() });
    found
}

fn listed(lines: &[Line], depth: usize, out: &mut Vec<String>) {
    for line in lines {
        out.push(format!("{depth} {}", line.text));
        listed(&line.below, depth + 1, out);
    }
}

fn without_augments(tree: &str) -> impl Iterator<Item = &str> {
    let mut inside = false;
    tree.lines().filter(move |line| {
        let indent = line.len() - line.trim_start().len();
        if line.starts_with("  augment ") {
            inside = true;
        } else if indent <= 2 {
            inside = false;
        }
        !inside && !line.is_empty()
    })
}
