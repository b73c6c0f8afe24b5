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
    "leaf a { type uint8 { range 8..9; } default 010; }",
    "leaf a { type uint8 { range 10..12; } default 010; }",
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
    // choices
    "choice c { leaf x { type string; } } leaf x { type string; }",
    "choice c { leaf x { type string; } } leaf c { type string; }",
    "choice c { leaf c { type string; } }",
    "choice c { case a { leaf x { type string; } } case b { leaf x { type string; } } }",
    "choice c { case a { leaf x { type string; } } leaf a { type string; } }",
    "choice c { default m:x; leaf x { type string; } }",
    "choice c { default a; case a { container x { leaf z { type string; mandatory true; } } } }",
    "choice c { default a; case a { container x { presence p; leaf z { type string; mandatory true; } } } }",
    "choice c { leaf a { type string; } case y { leaf b { type leafref { path ../a; } } } }",
    "choice c { uses g; } grouping g { leaf a { type string; } }",
    // refines and augments of a uses
    "grouping g { leaf a { type string; } } uses g { refine a { presence x; } }",
    "grouping g { leaf a { type string; } } uses g { refine a { default x; default y; } }",
    "grouping g { leaf a { type string; } } uses g { refine a { max-elements 2; } }",
    "grouping g { container c; } uses g { refine c { presence x; must '1'; } }",
    "grouping g { container c; } uses g { augment c/n { leaf x { type string; } } augment c { container n; } }",
    "grouping g { container c; } uses g { refine c/n { presence x; } augment c { container n; } }",
    "grouping g { leaf a { type string; } } container s { config false; uses g { refine a { config true; } } }",
    // places
    "grouping g { action x; } container c { uses g; }",
    "grouping g { action x; } uses g;",
    "rpc r { input { leaf a { type string; } } } augment /m:r/m:input { notification n; }",
    "container c { choice x { leaf a { type string; } } } augment /m:c/m:x { action n; }",
    "list l { key k; choice c { leaf k { type string; } } }",
    "list l { key k; leaf k { type string; when '1'; } }",
    "leaf-list l { type string; default a; min-elements 1; }",
    "leaf-list l { type string; max-elements 0; }",
    // names
    "typedef string { type int8; }",
    "typedef t { type int8; } container c { typedef t { type string; } }",
    "container c { grouping g; container d { grouping g; } }",
    "zz:nope x;",
    "extension e; m:e;",
    // what nothing uses
    "grouping g { leaf a { type nowhere; } }",
    "grouping g { uses h; } grouping h { uses g; }",
    "grouping g { leaf a { type int8; } }",
    "typedef t { type nowhere; }",
    // leafrefs with predicates
    "list l { key k; leaf k { type string; } leaf v { type string; } leaf r { type leafref { path '/m:l[m:v=current()/../k]/m:k'; } } }",
    "list l { key k; leaf k { type string; } leaf r { type leafref { path '/m:l[m:k=current()/../k]/m:k'; } } }",
    "list l { key k; leaf k { type string; } leaf r { type leafref { path '/m:l[m:k=current()/../nowhere]/m:k'; } } }",
    "container c { leaf k { type string; } leaf r { type leafref { path '/m:c[m:k=current()/../k]/m:k'; } } }",
    "import m { prefix q; }",
];

/// Bodies about which the two differ, and why.
pub(crate) const DIFFERENCES: &[(&str, &str)] = &[
    (
        "grouping g { action x; } uses g;",
        "RFC 7950 section 7.15 has actions in containers and lists; libyang makes one of the top level",
    ),
    ("typedef t { type nowhere; }", "wrong whether it is used or not; libyang looks at it only if it is"),
];

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
