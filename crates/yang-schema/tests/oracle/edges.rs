//! Payloads of the corners of RFC 7950, on models made for them.

use crate::generate::Payload;
use crate::yanglint::Kind;

/// What complete data needs at the least.
const NEEDED: &str = "<at-least>a</at-least><at-least>b</at-least><that>x</that>";

const PAIRS: &str = "<pair><left>a</left><right>1</right></pair><pair><left>b</left><right>2</right></pair>";

/// Bodies of `edges`.
const BODIES: &[&str] = &[
    "<smallest>9.223372036854775807</smallest>",
    "<smallest>9.223372036854775808</smallest>",
    "<smallest>-9.223372036854775808</smallest>",
    "<smallest>-9.223372036854775809</smallest>",
    "<smallest>0.0000000000000000001</smallest>",
    "<largest>922337203685477580.7</largest>",
    "<largest>922337203685477580.8</largest>",
    "<largest>1.50</largest>",
    "<largest>1.55</largest>",
    "<percent>-100</percent>",
    "<percent>-100.01</percent>",
    "<percent>-0.01</percent>",
    "<percent>0</percent>",
    "<percent>0.49</percent>",
    "<percent>0.5</percent>",
    "<word>abc</word>",
    "<word>abcz</word>",
    "<word>z</word>",
    "<word></word>",
    "<word>abcdefghi</word>",
    "<nothing-or-word/>",
    "<nothing-or-word>abc</nothing-or-word>",
    "<nothing-or-word>abz</nothing-or-word>",
    "<number-or-text>127</number-or-text>",
    "<number-or-text>128</number-or-text>",
    "<number-or-text>228</number-or-text>",
    "<number-or-text>+1</number-or-text>",
    "<flags>late early</flags>",
    "<flags>early middle late</flags>",
    "<flags>middle middle</flags>",
    "<flags>Early</flags>",
    "<kind>round</kind>",
    "<kind>ed:round</kind>",
    "<kind xmlns:x='urn:example:edges'>x:shape</kind>",
    "<kind xmlns:x='urn:example:edges-more'>x:square</kind>",
    "<kind>square</kind>",
    "<hard-kind>round</hard-kind>",
    "<hard-kind xmlns:x='urn:example:edges-more'>x:square</hard-kind>",
    "<hard-kind>hard</hard-kind>",
    "<ordered>3</ordered><ordered>1</ordered><ordered>2</ordered>",
    "<ordered>1</ordered><ordered>2</ordered><ordered>3</ordered><ordered>4</ordered>",
    "<ordered>1</ordered><ordered>01</ordered>",
    "<here/>",
    "<here><must-be>x</must-be></here>",
    "<pair><left>a</left><right>1</right></pair>",
    "<pair><right>1</right><left>a</left></pair>",
    "<pair><left>a</left></pair>",
    "<pair><left>a</left><right>1</right></pair><pair><left>a</left><right>2</right></pair>",
    "<pair><left>a</left><right>1</right></pair><pair><left>a</left><right>01</right></pair>",
    "<pair><left>a</left><right>1</right><alias>x</alias></pair><pair><left>b</left><right>1</right><alias>x</alias></pair>",
    "<pair><left>a</left><right>1</right><alias>x</alias><size>1.00</size></pair><pair><left>b</left><right>1</right><alias>x</alias><size>1</size></pair>",
    "<pair><left>a</left><right>1</right><alias>x</alias><size>1.0</size></pair><pair><left>b</left><right>1</right><alias>x</alias></pair>",
    "<pair><left>a</left><right>1</right><alias>x</alias><size>2.0</size></pair><pair><left>b</left><right>1</right><alias>x</alias></pair>",
    "<pair><left>a</left><right>1</right><inside><code>7</code></inside></pair><pair><left>b</left><right>1</right><inside><code>+7</code></inside></pair>",
    "<pair><left>a</left><right>1</right><inside><code>7</code></inside></pair><pair><left>b</left><right>1</right><inside/></pair>",
    "<pair><left>a</left><right>1</right><inside/></pair><pair><left>b</left><right>1</right><inside/></pair>",
    "<pair><left>a</left><right>1</right><same-left>a</same-left></pair>",
    "<pair><left>a</left><right>1</right><same-left>b</same-left></pair><pair><left>b</left><right>1</right></pair>",
    "<pair><left>a</left><right>1</right><poke><strength>1</strength></poke></pair>",
    "<pair><left>a</left><right>1</right><poked/></pair>",
    "{PAIRS}<pair-left>a</pair-left><pair-right>1</pair-right>",
    "{PAIRS}<pair-left>a</pair-left><pair-right>2</pair-right>",
    "{PAIRS}<pair-left>a</pair-left><pair-right>01</pair-right>",
    "{PAIRS}<pair-right>1</pair-right>",
    "{PAIRS}<pair-left>c</pair-left>",
    "{PAIRS}<pair-left>b</pair-left><pair-right>2</pair-right><chain>2</chain>",
    "{PAIRS}<pair-left>b</pair-left><pair-right>2</pair-right><chain>1</chain>",
    "{PAIRS}<chain>256</chain>",
    "<to-factor>1.5</to-factor>",
    "<to-factor>1.50</to-factor><settings/>",
    "<to-factor>1.5</to-factor><settings><factor>2</factor></settings>",
    "<to-mask>16</to-mask>",
    "<to-mask>0x10</to-mask>",
    "<to-form>round</to-form>",
    "<to-form>ed:round</to-form><settings><mask>1</mask></settings>",
    "<to-level>3</to-level>",
    "<to-level>3</to-level><settings><special/></settings>",
    "<to-speed>1</to-speed>",
    "<to-speed>1</to-speed><settings><boost/></settings>",
    "<to-turbo>9</to-turbo>",
    "<to-turbo>9</to-turbo><settings><boost/></settings>",
    "<to-turbo>9</to-turbo><settings><speed>1</speed></settings>",
    "<crate><name>a</name></crate><crate><name>b</name></crate>",
    "<crate><name>a</name><lid/></crate><crate><name>b</name></crate>",
    "<crate><name>a</name><lid/></crate><crate><name>b</name><lid/></crate>",
    "<crate><name>a</name><lid/></crate><crate><name>b</name><lid><size>4</size></lid></crate>",
    "<loose>nowhere</loose>",
    "{PAIRS}<where xmlns:e='urn:example:edges'>/e:edges/e:pair[e:left='a'][e:right='1']/e:left</where>",
    "{PAIRS}<where xmlns:e='urn:example:edges'>/e:edges/e:pair[e:left='a'][e:right='2']/e:left</where>",
    "{PAIRS}<where xmlns:e='urn:example:edges'>/e:edges/e:ordered[.='3']</where>",
    "<ordered>3</ordered><where xmlns:e='urn:example:edges'>/e:edges/e:ordered[.='3']</where>",
    "<anywhere xmlns:e='urn:example:edges'>/e:edges/e:pair[e:left='z'][e:right='1']</anywhere>",
    "<anywhere xmlns:e='urn:example:edges'>/e:edges/e:gone</anywhere>",
    "<anywhere xmlns:e='urn:example:edges'>/e:edges/e:pair[left='z'][right='1']</anywhere>",
    "<anywhere xmlns:e='urn:example:edges'>/e:edges/pair[e:left='z'][e:right='1']</anywhere>",
    "<anywhere xmlns:e='urn:example:edges'>/e:edges/e:pair[e:left='z']</anywhere>",
    "<anywhere xmlns:e='urn:example:edges'>/e:edges/e:pair[1]</anywhere>",
    "<anywhere xmlns:e='urn:example:edges'>/e:edges/e:pair</anywhere>",
    "<plain>x</plain>",
    "<plain>x</plain><boxed><lid>true</lid></boxed>",
    "<boxed/><plain>x</plain>",
    "<one>x</one><two>x</two><three/>",
    "<one>x</one><three/><four/>",
    "<one>x</one><extra xmlns='urn:example:edges-more'>x</extra>",
    "<plain>x</plain><extra xmlns='urn:example:edges-more'>x</extra>",
    "<this>x</this>",
    "<anything/>",
    "<anything><a xmlns='urn:example:nowhere'><b/></a></anything>",
    "<only-both>x</only-both>",
    "<only-neither>x</only-neither>",
    "<outer><inner><deep>x</deep><added>1</added></inner></outer>",
    "<outer><inner><added>256</added></inner></outer>",
    "<outer><inner><added>1</added><more xmlns='urn:example:edges-more'><name>a</name><twin>1</twin><further/></more></inner></outer>",
    "<outer><inner><added>1</added><more xmlns='urn:example:edges-more'><name>a</name><twin>2</twin></more></inner></outer>",
    "<outer><inner><more><name>a</name></more></inner></outer>",
    "<of-part>4</of-part>",
    "<of-part>5</of-part>",
    "<of-part>4294967295</of-part>",
    "<of-part>4294967296</of-part>",
    "<deviated>255</deviated>",
    "<gone>x</gone>",
    "<narrowed>9</narrowed>",
    "<narrowed>10</narrowed>",
];

/// Bodies that only an edit may have.
const EDITS: &[&str] = &[
    "<ordered y:insert='first'>1</ordered>",
    "<ordered y:insert='after' y:value='1'>2</ordered>",
    "<ordered y:insert='after' y:value='256'>2</ordered>",
    "<ordered y:insert='after'>2</ordered>",
    "<ordered y:insert='middle'>2</ordered>",
    "<pair y:insert='before' y:key=\"[e:left='a'][e:right='1']\"><left>b</left><right>2</right></pair>",
    "<pair y:insert='before' y:key=\"[e:left='a']\"><left>b</left><right>2</right></pair>",
    "<pair y:insert='before' y:key=\"[e:left='a'][e:right='256']\"><left>b</left><right>2</right></pair>",
    "<pair y:insert='before' y:key='a'><left>b</left><right>2</right></pair>",
    "<at-least y:insert='first'>1</at-least>",
    "<word y:insert='first'>a</word>",
    "<word nc:operation='remove'/>",
    "<plain nc:operation='remove'/><boxed/>",
    "<pair nc:operation='delete'><left>a</left><right>1</right></pair>",
    "<pair nc:operation='delete'><left>a</left></pair>",
];

/// Rpcs.
const RPCS: &[&str] = &[
    "<place xmlns='urn:example:edges'><pair>of the datastore</pair></place>",
    "<place xmlns='urn:example:edges'><pair>a</pair><again>a</again></place>",
];

const ATTRIBUTES: &str = "xmlns:y='urn:ietf:params:xml:ns:yang:1' xmlns:nc='urn:ietf:params:xml:ns:netconf:base:1.0' xmlns:e='urn:example:edges' \
    xmlns:ed='urn:example:edges'";

pub(crate) fn payloads() -> Vec<Payload> {
    let edges = |body: &str| {
        let body = body.replace("{PAIRS}", PAIRS);
        format!("<edges xmlns=\"urn:example:edges\" {ATTRIBUTES}>{body}</edges>")
    };
    let needs = |body: &str| {
        if body.contains("<this>") { "<at-least>a</at-least><at-least>b</at-least>" } else { NEEDED }
    };
    let mut all = vec![
        Payload { kind: Kind::Config, xml: edges("") },
        Payload { kind: Kind::Config, xml: edges("<at-least>a</at-least><that>x</that>") },
        Payload { kind: Kind::Config, xml: edges("<at-least>a</at-least><at-least>b</at-least>") },
    ];
    for body in BODIES {
        all.push(Payload { kind: Kind::Edit, xml: edges(body) });
        for kind in [Kind::Data, Kind::Config] {
            all.push(Payload { kind, xml: edges(&format!("{}{body}", needs(body))) });
        }
    }
    all.extend(EDITS.iter().map(|body| Payload { kind: Kind::Edit, xml: edges(body) }));
    all.extend(RPCS.iter().map(|xml| Payload { kind: Kind::Rpc, xml: (*xml).to_owned() }));
    all
}
