//! Payloads made by hand: the edges that a generator seldom comes to.

use crate::generate::Payload;
use crate::yanglint::Kind;

/// Bodies of `plant`, judged as an edit and as data.
const BODIES: &[&str] = &[
    "",
    "<name/>",
    "<name></name>",
    "<name>a</name><name>a</name>",
    "<vlan><id>1</id></vlan><vlan><id>1</id></vlan>",
    "<vlan><id>1</id></vlan><vlan><id>01</id></vlan>",
    "<vlan><id> 1 </id></vlan>",
    "<vlan><id>+1</id></vlan>",
    "<vlan><id>0x1</id></vlan>",
    "<vlan><id>1.0</id></vlan>",
    "<vlan><id></id></vlan>",
    "<vlan><name>x</name></vlan>",
    "<vlan><name>x</name><id>1</id></vlan>",
    "<vlan><id>1</id><name>reserved</name></vlan>",
    "<vlan><id>1</id><name>x</name></vlan><vlan><id>2</id><name>x</name></vlan>",
    "<vlan><id>1</id></vlan><management-vlan>1</management-vlan>",
    "<management-vlan>7</management-vlan>",
    "<management-vlan>5000</management-vlan>",
    "<serial>9223372036854775807</serial>",
    "<serial>9223372036854775808</serial>",
    "<serial>-9223372036854775808</serial>",
    "<serial>-9223372036854775809</serial>",
    "<serial>99999999999999999999999999999999999999999999</serial>",
    "<serial>-0</serial>",
    "<key>AAAA</key>",
    "<key>AA=A</key>",
    "<key>AA</key>",
    "<key>AAA</key>",
    "<key>YWJjZGVmZ2g=</key>",
    "<key>YWJjZGVmZ2hp</key>",
    "<key>YW Jj</key>",
    "<key></key>",
    "<server>a</server><server>a</server>",
    "<server>a</server><server>b</server><server/>",
    "<uplink>/pl:plant/pl:name</uplink>",
    "<uplink xmlns:pl='urn:example:plant'>/pl:plant/pl:name</uplink>",
    "<uplink xmlns:pl='urn:example:plant'>/pl:plant/pl:vlan[pl:id='7']/pl:name</uplink>",
    "<uplink xmlns:pl='urn:example:plant'>/pl:plant/pl:vlan[pl:name='7']</uplink>",
    "<uplink xmlns:pl='urn:example:plant'>/pl:plant/pl:nowhere</uplink>",
    "<uplink xmlns:pl='urn:example:plant'>/pl:plant/pl:vlan[pl:id='7000']</uplink>",
    "<uplink>plant</uplink>",
    "<extra><anything xmlns='urn:example:nowhere'/></extra>",
    "<extra/>",
    "<!-- only a comment -->",
    "<name>a<!-- inside -->b</name>",
    "<name><![CDATA[a]]></name>",
    "text",
    "<name>abcdefghijklmnopqrstu</name>",
    "<name>éééééééééééééééééééé</name>",
];

/// Bodies of a port.
const PORTS: &[&str] = &[
    "<mtu>64</mtu>",
    "<mtu>63</mtu>",
    "<mtu>18000</mtu>",
    "<mtu>18001</mtu>",
    "<mtu>65536</mtu>",
    "<mtu>2000<!-- comment --></mtu>",
    "<shutdown/>",
    "<shutdown></shutdown>",
    "<shutdown> </shutdown>",
    "<shutdown>true</shutdown>",
    "<speed>fast</speed>",
    "<speed>pl:fast</speed>",
    "<speed xmlns:x='urn:example:plant'>x:fast</speed>",
    "<speed xmlns:x='urn:example:plant-qos'>x:warp</speed>",
    "<speed xmlns:x='urn:example:plant-qos'> x:warp </speed>",
    "<speed xmlns:x='urn:example:plant'>x:speed</speed>",
    "<speed xmlns:x='urn:example:plant'>x:slow</speed>",
    "<speed xmlns='urn:example:plant-qos'>warp</speed>",
    "<flags>up</flags>",
    "<flags>mirrored up</flags>",
    "<flags> up  monitored </flags>",
    "<flags>up up</flags>",
    "<flags>down</flags>",
    "<flags/>",
    "<switchport><access/></switchport>",
    "<switchport><access><vlan>dynamic</vlan></access></switchport>",
    "<switchport><access><vlan>4095</vlan></access></switchport>",
    "<switchport><access/><trunk/></switchport>",
    "<switchport><trunk><allowed>1</allowed><allowed>2</allowed><allowed>3</allowed><allowed>4</allowed><allowed>5</allowed></trunk></switchport>",
    "<switchport><trunk><allowed>1</allowed><allowed>1</allowed></trunk></switchport>",
    "<switchport><tunnel/></switchport>",
    "<ip><address><ip>192.0.2.1</ip><prefix-length>24</prefix-length></address></ip>",
    "<ip><address><prefix-length>24</prefix-length><ip>192.0.2.1</ip></address></ip>",
    "<ip><address><ip>192.0.2.1</ip></address></ip>",
    "<ip><address><ip>192.0.2.01</ip><prefix-length>24</prefix-length></address></ip>",
    "<ip><address><ip>192.0.2.1</ip><prefix-length>33</prefix-length></address></ip>",
    "<description>two\nlines</description>",
    "<description></description>",
    "<description> </description>",
    "<load>1.5</load>",
    "<load>1.505</load>",
    "<load>100.01</load>",
    "<load>1</load>",
    "<load>.5</load>",
    "<load>1.</load>",
    "<load>-0.0</load>",
    "<qos xmlns='urn:example:plant-qos'><trust>cos</trust></qos>",
    "<qos><trust>cos</trust></qos>",
    "<qos xmlns='urn:example:plant-qos'><trust>COS</trust></qos>",
    "<ipv6><address>a</address><address>a</address></ipv6>",
];

/// Rpcs.
const RPCS: &[&str] = &[
    "<save xmlns='urn:example:plant'/>",
    "<save xmlns='urn:example:plant'><x/></save>",
    "<ping xmlns='urn:example:plant'/>",
    "<ping xmlns='urn:example:plant'><host>a</host></ping>",
    "<ping xmlns='urn:example:plant'><host>a</host><count>10</count></ping>",
    "<ping xmlns='urn:example:plant'><host>a</host><count>11</count></ping>",
    "<ping xmlns='urn:example:plant'><count>1</count></ping>",
    "<ping xmlns='urn:example:plant'><lost>1</lost><host>a</host></ping>",
];

pub(crate) fn payloads() -> Vec<Payload> {
    let plant = |body: &str| format!("<plant xmlns=\"urn:example:plant\">{body}</plant>");
    let port =
        |body: &str| plant(&format!("<interface><Gigabit><name>1/0/5</name>{body}</Gigabit></interface>"));
    let bodies = BODIES.iter().map(|body| plant(body)).chain(PORTS.iter().map(|body| port(body)));
    let both = bodies.flat_map(|xml| {
        [Kind::Edit, Kind::Data, Kind::Config].map(|kind| Payload { kind, xml: xml.clone() })
    });
    let rpcs = RPCS.iter().map(|xml| Payload { kind: Kind::Rpc, xml: (*xml).to_owned() });
    both.chain(rpcs).collect()
}
