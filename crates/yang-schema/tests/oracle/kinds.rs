//! Values of all kinds, as XML and as JSON, on a model made for them.

use crate::generate::Payload;
use crate::yanglint::Kind;

/// Bodies of `kinds`.
const BODIES: &[&str] = &[
    "<upper>Abc</upper>",
    "<upper>Éa</upper>",
    "<upper>éa</upper>",
    "<upper>A1</upper>",
    "<consonants>xyz</consonants>",
    "<consonants>xyza</consonants>",
    "<consonants/>",
    "<hyphens>-</hyphens>",
    "<hyphens>a-_</hyphens>",
    "<hyphens>+</hyphens>",
    "<hyphens>d</hyphens>",
    "<hyphens/>",
    "<counted>abab</counted>",
    "<counted>ababc</counted>",
    "<counted>ababcc</counted>",
    "<counted>ababddd</counted>",
    "<counted>ababd</counted>",
    "<signs>(){}|</signs>",
    "<signs>a^b</signs>",
    "<signs>[</signs>",
    "<signs>\\</signs>",
    "<port>ab</port><any-of>ab</any-of>",
    "<port>ab</port><any-of>all</any-of>",
    "<any-of>5</any-of>",
    "<any-of>6</any-of>",
    "<any-of>-5</any-of>",
    "<any-of>some</any-of>",
    "<any-of>toolong</any-of>",
    "<any-of/>",
    "<many-of>3</many-of><many-of>none</many-of><many-of>1</many-of>",
    "<many-of>3</many-of><many-of>+3</many-of>",
    "<many-of>3</many-of><many-of>3</many-of>",
    "<port>03</port><many-of>3</many-of><many-of>03</many-of>",
    "<signed>9223372036854775807</signed>",
    "<signed>9223372036854775808</signed>",
    "<signed>-9223372036854775808</signed>",
    "<signed>-9223372036854775809</signed>",
    "<signed>-0</signed>",
    "<signed>1e3</signed>",
    "<signed> 12 </signed>",
    "<unsigned>0</unsigned>",
    "<unsigned>9007199254740992</unsigned>",
    "<unsigned>9007199254740993</unsigned>",
    "<unsigned>18446744073709551613</unsigned>",
    "<unsigned>18446744073709551615</unsigned>",
    "<unsigned>18446744073709551616</unsigned>",
    "<bytes>AA==</bytes>",
    "<bytes>AAAA</bytes>",
    "<bytes>AAAAAAAA</bytes>",
    "<bytes>AAAAAA==</bytes>",
    "<bytes/>",
    "<bytes>A</bytes>",
    "<shape xmlns:x='urn:example:edges-kinds'>x:tile</shape>",
    "<shape xmlns:x='urn:example:edges-more'>x:square</shape>",
    "<shape xmlns:x='urn:example:edges'>x:round</shape>",
    "<shape xmlns:x='urn:example:edges'>x:shape</shape>",
    "<shape xmlns:x='urn:example:edges'>x:hard</shape>",
    "<shape>tile</shape>",
    "<shape>square</shape>",
    "<nothing/>",
    "<nothing>x</nothing>",
    "<nothing></nothing>",
    "<yes-or-no>true</yes-or-no>",
    "<yes-or-no>1</yes-or-no>",
    "<yes-or-no>256</yes-or-no>",
    "<yes-or-no>truly</yes-or-no>",
    "<yes-or-no>maybe</yes-or-no>",
    "<flags>c a</flags><flags>b a</flags>",
    "<flags>c a</flags><flags>a c</flags>",
    "<flags/>",
    "<flags>a  b</flags>",
    "<rate>1</rate><unit>x</unit>",
    "<rate>1</rate><auto/>",
    "<auto/>",
    "<started>b</started><started>a</started>",
    "<started>b</started><started>b</started>",
    "<port>ab</port><place xmlns:k='urn:example:edges-kinds'>/k:kinds/k:port[.='ab']</place>",
    "<port>ab</port><place xmlns:k='urn:example:edges-kinds'>/k:kinds/k:port[1]</place>",
    "<port>ab</port><place xmlns:k='urn:example:edges-kinds'>/k:kinds/k:port[2]</place>",
    "<port>ab</port><place xmlns:k='urn:example:edges-kinds'>/k:kinds/k:port</place>",
    "<port>ab</port><place xmlns:k='urn:example:edges-kinds'> /k:kinds / k:port[ . = \"ab\" ]</place>",
    "<place>/kinds</place>",
    "<place xmlns:k='urn:example:edges-kinds'>/k:kinds</place>",
    "<place xmlns:k='urn:example:edges-kinds'>/k:nowhere</place>",
    "<loose><a><b/></a></loose>",
    "<strict><nothing/></strict>",
    "<strict/>",
];

/// What complete data needs at the least.
const NEEDED: &str =
    "<edges xmlns='urn:example:edges'><at-least>a</at-least><at-least>b</at-least><that>x</that></edges>";

/// What is below augments of augments.
const BEYOND: &[&str] = &[
    "<square xmlns:x='urn:example:edges-kinds'>x:tile</square>",
    "<square xmlns:x='urn:example:edges-more'>x:square</square>",
    "<again>a</again>",
    "<again>b</again>",
    "<last>1.5</last><last>-1.500</last>",
    "<last>1.501</last>",
    "<last>1.5</last><last>1.50</last>",
];

pub(crate) fn payloads() -> Vec<Payload> {
    let mut all = Vec::new();
    let mut add = |xml: String| {
        for kind in [Kind::Edit, Kind::Data] {
            all.push(Payload { kind, xml: xml.clone() });
        }
    };
    for body in BODIES {
        add(format!("{NEEDED}<kinds xmlns='urn:example:edges-kinds'>{body}</kinds>"));
    }
    for body in BEYOND {
        add(format!(
            "<edges xmlns='urn:example:edges'><at-least>a</at-least><at-least>b</at-least><that>x</that><outer><inner><added>1</added>\
             <more xmlns='urn:example:edges-more'><name>a</name><beyond xmlns='urn:example:edges-kinds'>{body}</beyond></more></inner></outer></edges>"
        ));
    }
    all
}

/// Bodies of `kinds` in JSON.
pub(crate) const JSON: &[&str] = &[
    r#""nothing": [null]"#,
    r#""nothing": null"#,
    r#""nothing": """#,
    r#""nothing": []"#,
    r#""nothing": [null, null]"#,
    r#""signed": "-9223372036854775808""#,
    r#""signed": "9223372036854775808""#,
    r#""signed": 1"#,
    r#""unsigned": "18446744073709551615""#,
    r#""unsigned": 5"#,
    r#""yes-or-no": true"#,
    r#""yes-or-no": "true""#,
    r#""yes-or-no": 1"#,
    r#""yes-or-no": "1""#,
    r#""yes-or-no": 256"#,
    r#""yes-or-no": null"#,
    r#""any-of": 5"#,
    r#""any-of": "all""#,
    r#""any-of": 6"#,
    r#""port": ["ab"], "any-of": "ab""#,
    r#""port": "ab""#,
    r#""port": ["ab", "ab"]"#,
    r#""port": [1]"#,
    r#""many-of": [3, "none", 1]"#,
    r#""many-of": [3, 3]"#,
    r#""flags": ["c a", "b"]"#,
    r#""flags": ["d"]"#,
    r#""shape": "edges-kinds:tile""#,
    r#""shape": "tile""#,
    r#""shape": "edges-more:square""#,
    r#""shape": "edges:square""#,
    r#""shape": "square""#,
    r#""bytes": "AAAA""#,
    r#""bytes": "AAAAAA==""#,
    r#""rate": 1, "auto": [null]"#,
    r#""rate": "1""#,
    r#""rate": 4294967296"#,
    r#""rate": -1"#,
    r#""rate": 1.5"#,
    r#""unit": 1"#,
    r#""rate": 1e2"#,
    r#""rate": 100.0"#,
    r#""rate": 15e-1"#,
    r#""rate": -0"#,
    r#""rate": true"#,
    r#""rate": [1]"#,
    r#""rate": 1, "rate": 2"#,
    r#""rate": 1, "edges-kinds:rate": 2"#,
    r#""unit": "a\u0000b""#,
    r#""unit": "a\tb""#,
    r#""unit": {"x": 1}"#,
    r#""port": ["ab"], "place": "/edges-kinds:kinds/port[.='ab']""#,
    r#""port": ["ab"], "place": "/kinds/port[.='ab']""#,
    r#""port": ["ab"], "place": "/edges-kinds:kinds/port[.='cd']""#,
    r#""nowhere": 1"#,
    r#""edges-kinds:rate": 1"#,
    r#""edges:rate": 1"#,
    r#""loose": {"a": [1, null, {"b": "c"}]}"#,
    r#""strict": {"edges-kinds:kinds": {"rate": 1}}"#,
    r#""strict": 1"#,
];

/// Bodies of [`JSON`] about which the two differ, and why.
pub(crate) const JSON_DIFFERENCES: &[(&str, &str)] =
    &[(r#""rate": 100.0"#, "RFC 8259 section 6 has it as the number 1e2 is, which libyang takes")];
