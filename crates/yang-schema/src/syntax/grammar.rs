//! Which statement may stand in which, and how often (RFC 7950 section 14, made lenient where vendors are).

use super::source::{Arg, Source, StmtId};
use super::{Kw, source::NONE};
use crate::error::ParseError;

/// How often a substatement may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Often {
    Once,
    MaybeOnce,
    Any,
}

use Often::{Any, MaybeOnce, Once};

type Rule = (Kw, Often);

const NODES: &[Rule] = &[
    (Kw::Container, Any),
    (Kw::Leaf, Any),
    (Kw::LeafList, Any),
    (Kw::List, Any),
    (Kw::Choice, Any),
    (Kw::Anydata, Any),
    (Kw::Anyxml, Any),
];
const USES: &[Rule] = &[(Kw::Uses, Any)];
const DOC: &[Rule] = &[(Kw::Description, MaybeOnce), (Kw::Reference, MaybeOnce)];
const NODE: &[Rule] = &[(Kw::When, MaybeOnce), (Kw::IfFeature, Any), (Kw::Status, MaybeOnce)];
const INNER: &[Rule] = &[(Kw::Typedef, Any), (Kw::Grouping, Any), (Kw::Action, Any), (Kw::Notification, Any)];
const BODY: &[Rule] = &[
    (Kw::YangVersion, MaybeOnce),
    (Kw::Import, Any),
    (Kw::Include, Any),
    (Kw::Organization, MaybeOnce),
    (Kw::Contact, MaybeOnce),
    (Kw::Revision, Any),
    (Kw::ExtensionDef, Any),
    (Kw::Feature, Any),
    (Kw::Identity, Any),
    (Kw::Typedef, Any),
    (Kw::Grouping, Any),
    (Kw::Augment, Any),
    (Kw::Rpc, Any),
    (Kw::Notification, Any),
    (Kw::Deviation, Any),
];
const LIMITS: &[Rule] =
    &[(Kw::MinElements, MaybeOnce), (Kw::MaxElements, MaybeOnce), (Kw::OrderedBy, MaybeOnce)];
const ERROR: &[Rule] = &[(Kw::ErrorMessage, MaybeOnce), (Kw::ErrorAppTag, MaybeOnce)];

/// The rules of one statement: its own list, and lists shared with others.
fn rules(kw: Kw) -> Option<&'static [&'static [Rule]]> {
    Some(match kw {
        Kw::Module => &[&[(Kw::Namespace, Once), (Kw::Prefix, Once)], BODY, NODES, USES, DOC],
        Kw::Submodule => &[&[(Kw::BelongsTo, Once)], BODY, NODES, USES, DOC],
        Kw::Import => &[&[(Kw::Prefix, Once), (Kw::RevisionDate, MaybeOnce)], DOC],
        Kw::Include => &[&[(Kw::RevisionDate, MaybeOnce)], DOC],
        Kw::BelongsTo => &[&[(Kw::Prefix, Once)]],
        Kw::Revision => &[DOC],
        Kw::ExtensionDef => &[&[(Kw::Argument, MaybeOnce), (Kw::Status, MaybeOnce)], DOC],
        Kw::Argument => &[&[(Kw::YinElement, MaybeOnce)]],
        Kw::Feature => &[&[(Kw::IfFeature, Any), (Kw::Status, MaybeOnce)], DOC],
        Kw::Identity => &[&[(Kw::IfFeature, Any), (Kw::Base, Any), (Kw::Status, MaybeOnce)], DOC],
        Kw::Typedef => &[
            &[(Kw::Type, Once), (Kw::Units, MaybeOnce), (Kw::Default, MaybeOnce), (Kw::Status, MaybeOnce)],
            DOC,
        ],
        Kw::Grouping => &[&[(Kw::Status, MaybeOnce)], INNER, NODES, USES, DOC],
        Kw::Type => &[&[
            (Kw::FractionDigits, MaybeOnce),
            (Kw::Range, MaybeOnce),
            (Kw::Length, MaybeOnce),
            (Kw::Pattern, Any),
            (Kw::Enum, Any),
            (Kw::Bit, Any),
            (Kw::Path, MaybeOnce),
            (Kw::RequireInstance, MaybeOnce),
            (Kw::Base, Any),
            (Kw::Type, Any),
        ]],
        Kw::Range | Kw::Length | Kw::Must => &[ERROR, DOC],
        Kw::Pattern => &[&[(Kw::Modifier, MaybeOnce)], ERROR, DOC],
        Kw::Enum => &[&[(Kw::Value, MaybeOnce), (Kw::IfFeature, Any), (Kw::Status, MaybeOnce)], DOC],
        Kw::Bit => &[&[(Kw::Position, MaybeOnce), (Kw::IfFeature, Any), (Kw::Status, MaybeOnce)], DOC],
        Kw::When => &[DOC],
        _ => return node_rules(kw),
    })
}

const CONFIG: Rule = (Kw::Config, MaybeOnce);
const MANDATORY: Rule = (Kw::Mandatory, MaybeOnce);
const MUST: Rule = (Kw::Must, Any);
const TYPED: &[Rule] = &[CONFIG, MUST, (Kw::Type, Once), (Kw::Units, MaybeOnce)];
const SCOPED: &[Rule] = &[(Kw::Typedef, Any), (Kw::Grouping, Any)];
const OPERATION: &[Rule] =
    &[(Kw::IfFeature, Any), (Kw::Status, MaybeOnce), (Kw::Input, MaybeOnce), (Kw::Output, MaybeOnce)];
const DEVIATED: &[Rule] = &[
    CONFIG,
    MANDATORY,
    MUST,
    (Kw::Units, MaybeOnce),
    (Kw::Unique, Any),
    (Kw::Default, Any),
    (Kw::Type, MaybeOnce),
];
const COUNTS: &[Rule] = &[(Kw::MinElements, MaybeOnce), (Kw::MaxElements, MaybeOnce)];

fn node_rules(kw: Kw) -> Option<&'static [&'static [Rule]]> {
    Some(match kw {
        Kw::Container => &[&[CONFIG, MUST, (Kw::Presence, MaybeOnce)], NODE, INNER, NODES, USES, DOC],
        Kw::Leaf => &[TYPED, &[MANDATORY, (Kw::Default, MaybeOnce)], NODE, DOC],
        Kw::LeafList => &[TYPED, &[(Kw::Default, Any)], LIMITS, NODE, DOC],
        Kw::List => {
            &[&[CONFIG, MUST, (Kw::Key, MaybeOnce), (Kw::Unique, Any)], LIMITS, NODE, INNER, NODES, USES, DOC]
        }
        Kw::Choice => &[&[CONFIG, MANDATORY, (Kw::Default, MaybeOnce), (Kw::Case, Any)], NODE, NODES, DOC],
        Kw::Case => &[NODE, NODES, USES, DOC],
        Kw::Anydata | Kw::Anyxml => &[&[CONFIG, MANDATORY, MUST], NODE, DOC],
        Kw::Uses => &[&[(Kw::Refine, Any), (Kw::Augment, Any)], NODE, DOC],
        Kw::Refine => &[
            &[CONFIG, MANDATORY, MUST, (Kw::Presence, MaybeOnce), (Kw::Default, Any), (Kw::IfFeature, Any)],
            COUNTS,
            DOC,
        ],
        Kw::Augment => {
            &[&[(Kw::Case, Any), (Kw::Action, Any), (Kw::Notification, Any)], NODE, NODES, USES, DOC]
        }
        Kw::Rpc | Kw::Action => &[OPERATION, SCOPED, DOC],
        Kw::Input | Kw::Output => &[&[MUST], SCOPED, NODES, USES],
        Kw::Notification => {
            &[&[MUST, (Kw::IfFeature, Any), (Kw::Status, MaybeOnce)], SCOPED, NODES, USES, DOC]
        }
        Kw::Deviation => &[&[(Kw::Deviate, Any)], DOC],
        Kw::Deviate => &[DEVIATED, COUNTS],
        Kw::Extension => return None,
        _ => &[],
    })
}

/// What each kind of `deviate` may have (RFC 7950 section 7.20.3.2).
fn fits_deviate(what: &str, kw: Kw) -> bool {
    match what {
        "add" => kw != Kw::Type,
        "replace" => !matches!(kw, Kw::Must | Kw::Unique),
        "delete" => matches!(kw, Kw::Units | Kw::Must | Kw::Unique | Kw::Default),
        _ => false,
    }
}

/// Checks a whole file, and that it begins with `module` or `submodule`.
pub(crate) fn check(source: &Source) -> Result<(), ParseError> {
    if !matches!(source.kw(0), Kw::Module | Kw::Submodule) {
        return Err(fault(source, 0, "a file begins with \"module\" or \"submodule\"".to_owned()));
    }
    for id in 0..u32::try_from(source.stmts.len()).unwrap_or(NONE) {
        check_statement(source, id)?;
    }
    Ok(())
}

fn check_statement(source: &Source, id: StmtId) -> Result<(), ParseError> {
    let stmt = source.stmt(id);
    let Some(lists) = rules(stmt.kw) else {
        return Ok(());
    };
    check_argument(source, id)?;
    for child in source.children(id) {
        let kw = source.kw(child);
        if kw == Kw::Extension {
            continue;
        }
        let Some(often) =
            lists.iter().flat_map(|list| list.iter()).find(|rule| rule.0 == kw).map(|rule| rule.1)
        else {
            return Err(fault(
                source,
                child,
                format!("\"{}\" may not stand in \"{}\"", kw.text(), stmt.kw.text()),
            ));
        };
        if stmt.kw == Kw::Deviate && !fits_deviate(source.arg(id), kw) {
            let message = format!("\"{}\" may not stand in \"deviate {}\"", kw.text(), source.arg(id));
            return Err(fault(source, child, message));
        }
        if often != Any && source.child(id, kw) != Some(child) {
            return Err(fault(
                source,
                child,
                format!("a second \"{}\" in \"{}\"", kw.text(), stmt.kw.text()),
            ));
        }
    }
    for (kw, often) in lists.iter().flat_map(|list| list.iter()) {
        let is_needed = *often == Once || (stmt.kw, *kw) == (Kw::Deviation, Kw::Deviate);
        if is_needed && source.child(id, *kw).is_none() {
            return Err(fault(source, id, format!("\"{}\" lacks its \"{}\"", stmt.kw.text(), kw.text())));
        }
    }
    Ok(())
}

fn check_argument(source: &Source, id: StmtId) -> Result<(), ParseError> {
    let stmt = source.stmt(id);
    let expects_none = matches!(stmt.kw, Kw::Input | Kw::Output);
    match (stmt.arg, expects_none) {
        (Arg::None, false) => {
            return Err(fault(source, id, format!("\"{}\" needs an argument", stmt.kw.text())));
        }
        (Arg::Text { .. } | Arg::Owned(_), true) => {
            return Err(fault(source, id, format!("\"{}\" takes no argument", stmt.kw.text())));
        }
        _ => {}
    }
    let arg = source.arg(id);
    let expected = match stmt.kw {
        Kw::Config | Kw::Mandatory | Kw::RequireInstance | Kw::YinElement
            if !matches!(arg, "true" | "false") =>
        {
            "\"true\" or \"false\""
        }
        Kw::Status if !matches!(arg, "current" | "deprecated" | "obsolete") => {
            "\"current\", \"deprecated\" or \"obsolete\""
        }
        Kw::OrderedBy if !matches!(arg, "system" | "user") => "\"system\" or \"user\"",
        Kw::YangVersion if !matches!(arg, "1" | "1.1") => "\"1\" or \"1.1\"",
        Kw::Modifier if arg != "invert-match" => "\"invert-match\"",
        Kw::Deviate if !matches!(arg, "not-supported" | "add" | "replace" | "delete") => {
            "\"not-supported\", \"add\", \"replace\" or \"delete\""
        }
        Kw::MinElements if number::<u32>(arg).is_none() => "a number",
        Kw::MaxElements if arg != "unbounded" && number::<u32>(arg).is_none_or(|most| most == 0) => {
            "a number from 1 or \"unbounded\""
        }
        Kw::Value if number::<i32>(arg).is_none() => "a number of 32 bits",
        Kw::Position if number::<u32>(arg).is_none() => "a number from 0 to 4294967295",
        Kw::FractionDigits if !number::<u8>(arg).is_some_and(|digits| (1..=18).contains(&digits)) => {
            "a number from 1 to 18"
        }
        Kw::Typedef if is_builtin(arg) => "another name than that of a built-in type",
        Kw::Enum if arg.is_empty() || arg.trim() != arg => "a name without white space at its ends",
        kw if takes_identifier(kw) && !is_identifier(arg) => "an identifier",
        _ => return Ok(()),
    };
    Err(fault(source, id, format!("\"{}\" is \"{arg}\"; expected {expected}", stmt.kw.text())))
}

/// A whole number as RFC 7950 section 14 writes it: no `+`, no zeros before it.
fn number<T: std::str::FromStr>(text: &str) -> Option<T> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_plain = digits == "0" || !digits.starts_with(['0', '+']);
    is_plain.then(|| text.parse().ok()).flatten()
}

/// Whether a name is that of a built-in type.
fn is_builtin(name: &str) -> bool {
    const INTEGERS: &[&str] = &["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"];
    const OTHERS: &[&str] = &[
        "binary",
        "bits",
        "boolean",
        "decimal64",
        "empty",
        "enumeration",
        "identityref",
        "instance-identifier",
        "leafref",
        "string",
        "union",
    ];
    INTEGERS.contains(&name) || OTHERS.contains(&name)
}

fn takes_identifier(kw: Kw) -> bool {
    (kw.is_schema_node() && !matches!(kw, Kw::Input | Kw::Output))
        || matches!(
            kw,
            Kw::Module
                | Kw::Submodule
                | Kw::Import
                | Kw::Include
                | Kw::BelongsTo
                | Kw::Prefix
                | Kw::Typedef
                | Kw::Grouping
                | Kw::Identity
                | Kw::Feature
                | Kw::ExtensionDef
                | Kw::Bit
        )
}

/// RFC 7950 section 6.2, in ASCII.
pub(crate) fn is_identifier(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
}

fn fault(source: &Source, id: StmtId, message: String) -> ParseError {
    ParseError { at: source.location(id), message }
}
