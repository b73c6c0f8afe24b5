//! A made-up release of a network operating system, as large as asked for.
//!
//! The models of a whole release (about 1,000 for IOS-XE) may not be part of this project. These are shaped like them: one native module
//! with its submodules, which holds a list for each type of interface; hundreds of modules that augment every one of those lists and a
//! section of their own, some of them what another module added; modules of operational state; modules of deviations. A thousand of them
//! make about a million nodes from 30 MB of text. What they mean is nothing.

use std::fmt::Write as _;

/// Types of interfaces: each has a list, and each augmenting module augments all.
const TYPES: usize = 20;
/// Sections of the native container, each augmented by a share of the modules.
const SECTIONS: usize = 40;
/// Submodules of the native module.
const PARTS: usize = 8;
/// Of a hundred modules, those of operational state.
const OPER: usize = 33;
/// Of a hundred modules, those of deviations.
const DEVIATIONS: usize = 3;

/// As many words as a description has in the middle.
const WORDS: &str = "Sets how this part of the configuration behaves when the interface is up, and what the default of the platform is";

/// The files of a release with so many modules, submodules included, as names and texts.
pub(crate) fn release(modules: usize) -> Vec<(String, String)> {
    let mut files = vec![("syn-types".to_owned(), types()), ("syn-native".to_owned(), native())];
    files.extend((0..PARTS).map(|part| (format!("syn-native-part{part}"), part_of_native(part))));
    for number in files.len()..modules {
        let (name, text) = match number % 100 {
            kind if kind < OPER => (format!("syn-oper{number}"), oper(number)),
            kind if kind < OPER + DEVIATIONS => (format!("syn-deviation{number}"), deviation(number)),
            _ => (format!("syn-feature{number}"), feature(number)),
        };
        files.push((name, text));
    }
    files
}

fn header(name: &str, imports: &[(&str, &str)]) -> String {
    let mut text = format!(
        "// Generated for measuring; it means nothing.\nmodule {name} {{\n  yang-version 1.1;\n  namespace \"urn:example:synthetic:{name}\";\n  \
         prefix {name};\n"
    );
    for (module, prefix) in imports {
        let _ = writeln!(text, "  import {module} {{ prefix {prefix}; }}");
    }
    (0..PARTS).filter(|_| name == "syn-native").for_each(|part| {
        let _ = writeln!(text, "  include syn-native-part{part};");
    });
    text.push_str(
        "  organization \"none\";\n  contact \"none\";\n  description\n    \"Generated for measuring.\";\n",
    );
    text.push_str("  revision 2026-01-01 {\n    description \"Only one.\";\n  }\n");
    text
}

const BOTH: &[(&str, &str)] = &[("syn-native", "nat"), ("syn-types", "typ")];

fn types() -> String {
    let mut text = header("syn-types", &[]);
    for number in 0..30 {
        let _ = writeln!(
            text,
            "  typedef size{number} {{ type uint32 {{ range \"{number}..{}\"; }} units \"bytes\"; description \"{WORDS}.\"; }}\n  \
             typedef word{number} {{ type string {{ length \"1..{}\"; pattern '[A-Za-z][A-Za-z0-9_\\-]*'; }} description \"{WORDS}.\"; }}\n  \
             typedef either{number} {{ type union {{ type size{number}; type word{number}; }} }}\n  \
             identity kind{number} {{ {} description \"{WORDS}.\"; }}",
            1000 + number,
            64 + number,
            if number == 0 { String::new() } else { format!("base kind{};", number / 2) },
        );
    }
    text.push_str("  typedef state {\n    type enumeration {\n");
    (0..30).for_each(|number| {
        let _ = writeln!(text, "      enum state-{number} {{ value {number}; description \"{WORDS}.\"; }}");
    });
    text + "    }\n  }\n}\n"
}

fn native() -> String {
    let mut text = header("syn-native", &[("syn-types", "typ")]);
    text.push_str("  container native {\n    container interface {\n");
    for number in 0..TYPES {
        let _ = writeln!(
            text,
            "      list Type{number} {{\n        key \"name\";\n        leaf name {{ type string; }}"
        );
        (0..PARTS).for_each(|part| {
            let _ = writeln!(text, "        uses part{part};");
        });
        text.push_str("      }\n");
    }
    text.push_str("    }\n");
    (0..SECTIONS).for_each(|number| {
        let _ = writeln!(text, "    container section{number} {{ description \"{WORDS}.\"; }}");
    });
    text + "  }\n}\n"
}

fn part_of_native(part: usize) -> String {
    let mut text = format!(
        "submodule syn-native-part{part} {{\n  yang-version 1.1;\n  belongs-to syn-native {{ prefix nat; }}\n  import syn-types {{ prefix typ; }}\n  \
         revision 2026-01-01;\n  grouping part{part} {{\n    container part{part} {{\n"
    );
    leaves(&mut text, part, 12);
    text + "    }\n  }\n}\n"
}

/// Leaves of all kinds of types, each with a description.
fn leaves(text: &mut String, seed: usize, count: usize) {
    for number in 0..count {
        let at = (seed * 7 + number) % 30;
        let ty = match (seed + number) % 8 {
            0 => format!("type typ:size{at};"),
            1 => format!("type typ:word{at};"),
            2 => format!("type typ:either{at};"),
            3 => "type boolean; default \"true\";".to_owned(),
            4 => format!("type identityref {{ base typ:kind{}; }}", at / 4),
            5 => "type enumeration { enum auto; enum on; enum off; }".to_owned(),
            6 => format!(
                "type uint16 {{ range \"1..4094\"; }} must \". != {}\" {{ error-message \"not that\"; }}",
                at + 1
            ),
            _ => "type empty;".to_owned(),
        };
        let _ = writeln!(
            text,
            "      leaf leaf{number} {{\n        {ty}\n        description\n          \"{WORDS}, number {number} of {seed}.\";\n      }}"
        );
    }
}

/// A module that adds to every type of interface, to a section, and now and then to what another module added.
fn feature(number: usize) -> String {
    let name = format!("syn-feature{number}");
    let before = number - 1;
    // of the same kind and its neighbour: there is something of it to add to
    let chained = number % 100 > OPER + DEVIATIONS && number % 10 == 9;
    let other = format!("syn-feature{before}");
    let mut imports = BOTH.to_vec();
    if chained {
        imports.push((&other, "bef"));
    }
    let mut text = header(&name, &imports);
    let _ = writeln!(
        text,
        "  feature extra{number} {{ description \"{WORDS}.\"; }}\n  grouping inner{number} {{"
    );
    leaves(&mut text, number, 14);
    let _ = writeln!(
        text,
        "  }}\n  grouping outer{number} {{\n    container feature{number} {{\n      description \"{WORDS}.\";"
    );
    leaves(&mut text, number + 1, 14);
    let _ = writeln!(
        text,
        "      list entry {{ key \"id\"; leaf id {{ type uint32; }} uses inner{number} {{ refine leaf0 {{ description \"Refined.\"; }} }} }}\n      \
         choice how {{ case one {{ container one {{ if-feature extra{number}; uses inner{number}; }} }} leaf two {{ type string; }} }}\n    }}\n  }}"
    );
    for ty in 0..TYPES {
        let _ =
            writeln!(text, "  augment \"/nat:native/nat:interface/nat:Type{ty}\" {{ uses outer{number}; }}");
    }
    let section = number % SECTIONS;
    let _ = writeln!(
        text,
        "  augment \"/nat:native/nat:section{section}\" {{\n    when \"../nat:interface\";\n    uses outer{number};\n    container own{number} {{"
    );
    leaves(&mut text, number + 2, 100);
    text.push_str("    }\n  }\n");
    if chained {
        let _ = writeln!(
            text,
            "  augment \"/nat:native/nat:interface/nat:Type0/bef:feature{before}\" {{ container more{number} {{ uses inner{number}; }} }}"
        );
    }
    let _ = writeln!(text, "  rpc clear{number} {{ input {{ uses inner{number}; }} }}\n}}");
    text
}

/// A module of operational state.
fn oper(number: usize) -> String {
    let mut text = header(&format!("syn-oper{number}"), BOTH);
    let _ = writeln!(text, "  grouping counters {{");
    leaves(&mut text, number, 20);
    let _ =
        writeln!(text, "  }}\n  container oper{number} {{\n    config false;\n    description \"{WORDS}.\";");
    for list in 0..10 {
        let _ = writeln!(
            text,
            "    list table{list} {{\n      key \"name\";\n      leaf name {{ type leafref {{ path \"/nat:native/nat:interface/nat:Type{list}/nat:name\"; }} }}\n      \
             leaf status {{ type typ:state; }}\n      container in {{ uses counters; }}\n      container out {{ uses counters; }}\n    }}"
        );
    }
    text.push_str("    container detail {\n");
    leaves(&mut text, number + 2, 120);
    let _ = writeln!(text, "    }}\n  }}\n  notification changed{number} {{ uses counters; }}\n}}");
    text
}

/// A module that says what a platform lacks.
fn deviation(number: usize) -> String {
    let mut text = header(&format!("syn-deviation{number}"), BOTH);
    // each its own node: two modules that deviate the same one would be at odds
    let (part, leaf) = (number / 100 % PARTS, number % 100 % 12);
    let ty = number / 800 % TYPES;
    let at = format!("/nat:native/nat:interface/nat:Type{ty}/nat:part{part}/nat:leaf{leaf}");
    let _ = writeln!(text, "  deviation \"{at}\" {{ deviate not-supported; }}\n}}");
    text
}
