//! Bodies of modules, good and bad: whether they compile.

use crate::yanglint;

/// Each stands in a module `m` of YANG 1.1.
pub(crate) const BODIES: &[&str] = &[
    // values of enumerations and bits
    "leaf a { type enumeration { enum x { value -5; } enum y; } }",
    "leaf a { type enumeration { enum x { value 2147483647; } enum y; } }",
    "leaf a { type enumeration { enum x; enum x; } }",
    "leaf a { type enumeration { enum x { value 1; } enum y { value 1; } } }",
    "leaf a { type enumeration { enum ''; } }",
    "leaf a { type enumeration { enum ' x'; } }",
    "leaf a { type bits { bit x { position 4294967295; } bit y; } }",
    "typedef t { type enumeration { enum x; enum y; } } leaf a { type t { enum y; } }",
    "typedef t { type enumeration { enum x; enum y; } } leaf a { type t { enum z; } }",
    // ranges and lengths
    "leaf a { type int8 { range 1.0..2; } }",
    "leaf a { type int8 { range '1..2 | 2..3'; } }",
    "leaf a { type int8 { range '3..2'; } }",
    "leaf a { type int8 { range 'min..max'; } }",
    "leaf a { type int8 { range '1..128'; } }",
    "leaf a { type uint64 { range '0..18446744073709551615'; } }",
    "leaf a { type decimal64 { fraction-digits 2; range '1.005..2'; } }",
    "leaf a { type decimal64 { fraction-digits 19; } }",
    "leaf a { type decimal64; }",
    "leaf a { type string { length '1..2|4'; } }",
    "leaf a { type string { length '-1'; } }",
    "typedef t { type string { length '1..4'; } } leaf a { type t { length '2..5'; } }",
    // patterns
    "leaf a { type string { pattern 'a{2,1}'; } }",
    "leaf a { type string { pattern '(a'; } }",
    "leaf a { type string { pattern '*'; } }",
    r"leaf a { type string { pattern '\p{Lu}'; } }",
    r"leaf a { type string { pattern '\p{IsTamil}'; } }",
    "leaf a { type string { pattern 'a' { modifier invert-match; } } }",
    // defaults
    "leaf a { type uint8; default 256; }",
    "leaf a { type uint8; default 0xFF; }",
    "leaf a { type uint8; default 0x100; }",
    "leaf a { type uint8; default 0abc; }",
    "typedef t { type uint8 { range 1..4; } default 5; } leaf a { type t; }",
    "typedef t { type uint8; default 9; } leaf a { type t { range 1..4; } }",
    "typedef t { type uint8; default 9; } leaf a { type t { range 1..4; } default 3; }",
    "leaf a { type boolean; default yes; }",
    "leaf a { type empty; default ''; }",
    "identity i; leaf a { type identityref { base i; } default i; }",
    "choice c { default x; leaf x { type string; } leaf y { type string; } }",
    "choice c { default z; leaf x { type string; } leaf y { type string; } }",
    "choice c { default x; mandatory true; leaf x { type string; } }",
    "leaf a { type uint8; default 1; mandatory true; }",
    "leaf-list a { type uint8; default 1; default 2; }",
    "leaf-list a { type uint8; default 1; default 1; }",
    // places
    "container c { } augment /m:c { case x { leaf a { type string; } } }",
    "choice c { leaf a { type string; } } augment /m:c { case x { leaf b { type string; } } }",
    "container c { leaf a { type string; } } augment /m:c { leaf a { type string; } }",
    "container c { leaf a { type string; } } augment /m:c/m:a { leaf b { type string; } }",
    "augment /m:nowhere { leaf a { type string; } }",
    "container c { config false; leaf a { config true; type string; } }",
    "list l { leaf k { type string; } }",
    "list l { config false; leaf k { type string; } }",
    "list l { key k; leaf k { type empty; } }",
    "list l { key 'k k'; leaf k { type string; } }",
    "list l { key k; container k { } }",
    "list l { key k; leaf k { type string; } unique x; }",
    "list l { key k; leaf k { type string; } leaf x { type string; } unique x; }",
    "list l { key k; leaf k { type string; } min-elements 3; max-elements 2; }",
    // identities and features
    "identity a { base b; } identity b { base a; }",
    "identity a { base nowhere; }",
    "feature f { if-feature g; } feature g { if-feature f; }",
    "feature f; leaf a { if-feature 'f and'; type string; }",
    "feature f; leaf a { if-feature 'not not f or (f and f)'; type string; }",
    "leaf a { if-feature nowhere; type string; }",
    // references
    "leaf a { type string; } leaf r { type leafref { path ../a; } }",
    "leaf r { type leafref { path ../nowhere; } }",
    "leaf a { type leafref { path ../b; } } leaf b { type leafref { path ../a; } }",
    "container c { } leaf r { type leafref { path ../c; } }",
    "list l { key k; leaf k { type string; } leaf v { type string; } } leaf r { type leafref { path \"../l[k='x']/v\"; } }",
    "list l { key k; leaf k { type string; } leaf v { type string; } } leaf q { type string; } \
     leaf r { type leafref { path '../l[k = current()/../q]/v'; } }",
    "leaf ab { type string; } leaf r { type leafref { path '../a b'; } }",
    "leaf a { config false; type string; } leaf r { type leafref { path ../a; } }",
    // groupings
    "grouping g { leaf a { type string; } } uses g { refine a { default x; } }",
    "grouping g { leaf a { type string; } } uses g { refine b { default x; } }",
    "grouping g { uses g; } uses g;",
    "grouping g { leaf a { type string; } } uses g; uses g;",
    "uses nowhere;",
    "typedef t { type t; } leaf a { type t; }",
    "leaf a { type nowhere; }",
    "leaf a { type string; } leaf a { type string; }",
    // statements
    "leaf a { type string; type string; }",
    "leaf a { }",
    "leaf 1a { type string; }",
    "container c { presence x; presence y; }",
    "leaf a { type string { range 1..2; } }",
    "leaf a { type union { } }",
    "leaf a { type string; frob x; }",
    "rpc r { input { leaf a { type string; } } output { leaf a { type string; } } }",
    "rpc r { input { } input { } }",
];

/// Bodies about which the two differ, and why.
pub(crate) const DIFFERENCES: &[(&str, &str)] = &[];

/// Whether a module compiles, with all features; what is said if not.
pub(crate) fn compiles(name: &str, text: &str) -> Result<(), String> {
    let work = tempfile::tempdir().unwrap();
    std::fs::write(work.path().join(name).with_extension("yang"), text).unwrap();
    let said = yanglint::run(
        &format!("verb error\nsearchpath {}\nload {name} -i -F {name}:*\n", work.path().display()),
        work.path(),
    );
    if said.is_empty() { Ok(()) } else { Err(said) }
}
