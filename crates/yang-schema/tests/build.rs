//! RPCs from path=value pairs, and as lines for other tools.
#![expect(clippy::unwrap_used, reason = "a test that cannot build its model has failed")]

use std::path::PathBuf;
use std::sync::OnceLock;

use yang_schema::build::{Edit, Host, Rpc, RpcBuilder, RpcKind, Store, Test};
use yang_schema::{CompileOptions, ModuleSet, Schema};

const EDIT: RpcKind = RpcKind::EditConfig { target: Store::Candidate, test: None };
const PORT: &str = "/plant/interface/Gigabit[name='1/0/5']";

fn schema() -> &'static Schema {
    static SCHEMA: OnceLock<Schema> = OnceLock::new();
    SCHEMA.get_or_init(|| {
        let mut set = ModuleSet::new();
        set.add_directory(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/models")).unwrap();
        set.compile(&CompileOptions::new()).unwrap()
    })
}

fn edit() -> RpcBuilder<'static> {
    schema().rpc(EDIT)
}

#[track_caller]
fn built(builder: RpcBuilder<'static>) -> Rpc<'static> {
    match builder.build() {
        Ok(rpc) => rpc,
        Err(problems) => panic!("{problems:#?}"),
    }
}

#[track_caller]
fn refused(builder: RpcBuilder<'static>) -> Vec<String> {
    builder.build().unwrap_err().iter().map(ToString::to_string).collect()
}

fn port_edit() -> Rpc<'static> {
    built(
        edit()
            .set(format!("{PORT}/mtu=2000"))
            .set(format!("{PORT}/description=<a> & \"b\""))
            .set(format!("{PORT}/switchport/access/vlan=100"))
            .set(format!("{PORT}/speed=q:warp"))
            .set(format!("{PORT}/qos/trust=dscp"))
            .set(format!("{PORT}/ip/address[ip='192.0.2.1'][prefix-length='24']"))
            .remove(format!("{PORT}/shutdown"))
            .set("/plant/server=b\n  second \\ line ]]>")
            .set("/plant/server=a"),
    )
}

#[test]
fn an_edit_is_one_tree_with_keys_first_and_values_escaped() {
    insta::assert_snapshot!(port_edit().message("1"));
}

#[test]
fn everything_wrong_is_said_at_once() {
    let problems = refused(
        edit()
            .set(format!("{PORT}/mtu=20"))
            .set(format!("{PORT}/mtv=20"))
            .set("/plant/interface/Gigabit/mtu=20")
            .set("/plant/interface=1")
            .set("/ping/host=a")
            .set("/plant/extra=a")
            .set("/plant/vlan[id='1']/id=2"),
    );
    assert_eq!(
        problems,
        [
            format!("{PORT}/mtu=20: \"20\" is not allowed; expected a whole number from 64 to 18000"),
            format!("{PORT}/mtv=20: there is no mtv in /plant:plant/interface/Gigabit; mtu, perhaps"),
            "/plant/interface/Gigabit/mtu=20: Gigabit needs [name='…']".to_owned(),
            "/plant/interface=1: interface is a container, which has no value".to_owned(),
            "/ping/host=a: the path leads into an rpc or action, which is called, not edited".to_owned(),
            "/plant/extra=a: extra holds any data, which is not built here".to_owned(),
            "/plant/vlan[id='1']/id=2: id is a key: the predicate says \"1\"".to_owned(),
        ]
    );
}

#[test]
fn paths_that_contradict_each_other_are_refused() {
    let mtu = format!("{PORT}/mtu");
    let twice = refused(edit().set(format!("{mtu}=2000")).set(format!("{mtu}=3000")));
    assert_eq!(twice, [format!("{mtu}=3000: another path sets it to \"2000\"")]);
    let below = refused(edit().remove(PORT).set(format!("{mtu}=2000")));
    assert_eq!(below, [format!("{mtu}=2000: Gigabit is removed by another path")]);
    let above = refused(edit().set(format!("{mtu}=2000")).remove(PORT));
    assert_eq!(above, [format!("{PORT}: another path sets something below it")]);
    let cases = refused(
        edit()
            .set(format!("{PORT}/switchport/access/vlan=1"))
            .set(format!("{PORT}/switchport/trunk/native=1")),
    );
    assert_eq!(cases.len(), 1, "{cases:?}");
    assert!(cases[0].contains("exclude each other"), "{cases:?}");
    assert_eq!(refused(edit()), ["rpc: nothing is asked for: at least one path is needed"]);
    let state = refused(edit().set("/state/uptime=1"));
    assert!(state[0].contains("state, not configuration"), "{state:?}");
}

#[test]
fn a_filter_selects_with_or_without_keys_and_values() {
    let get = schema().rpc(RpcKind::GetConfig { source: Store::Running });
    let rpc = built(get.set("/plant/interface/Gigabit/mtu").set("/plant/vlan[id='100']"));
    assert_eq!(
        rpc.data(),
        "<plant xmlns=\"urn:example:plant\">\n  <interface>\n    <Gigabit>\n      <mtu/>\n    </Gigabit>\n  </interface>\n  \
         <vlan>\n    <id>100</id>\n  </vlan>\n</plant>\n"
    );
    assert!(rpc.operation().contains("<filter type=\"subtree\">\n    <plant"));
    let whole = built(schema().rpc(RpcKind::Get));
    assert_eq!(whole.operation(), "<get xmlns=\"urn:ietf:params:xml:ns:netconf:base:1.0\">\n</get>\n");
    let operation = refused(schema().rpc(RpcKind::Get).remove("/plant"));
    assert_eq!(operation, ["/plant: operations belong to an edit-config"]);
}

#[test]
fn an_rpc_is_called_with_its_input_checked() {
    let call = || schema().rpc(RpcKind::Call);
    let ping = built(call().set("/ping/host=192.0.2.1").set("/ping/input/count=2"));
    assert_eq!(
        ping.operation(),
        "<ping xmlns=\"urn:example:plant\">\n  <host>192.0.2.1</host>\n  <count>2</count>\n</ping>\n"
    );
    assert_eq!(built(call().set("/plant:save")).data(), "<save xmlns=\"urn:example:plant\"/>\n");
    let lacking = refused(call().set("/ping/count=2"));
    assert!(lacking[0].contains("host is mandatory"), "{lacking:?}");
    assert_eq!(refused(call().set("/plant/name=a")), ["/plant/name=a: the path leads to no rpc or action"]);
    assert_eq!(refused(call().set("/save").set("/ping/host=a")), ["rpc: one rpc or action at a time"]);
}

#[test]
fn the_same_for_curl_python_and_rust() {
    let host = Host::new("192.0.2.1", "admin").netconf_port(8300);
    let edit = port_edit();
    let call = built(schema().rpc(RpcKind::Call).set("/ping/host=it's"));
    let get = built(schema().rpc(RpcKind::GetConfig { source: Store::Running }).set(PORT));
    let all: Vec<String> = [&edit, &call, &get]
        .iter()
        .flat_map(|rpc| [rpc.curl(&host), rpc.ncclient(&host), rpc.rust(&host)])
        .collect();
    insta::assert_snapshot!(all.join("----\n"));
}

#[test]
fn curl_lines_never_make_what_only_something_below_is_taken_from() {
    let rpc = built(
        schema()
            .rpc(RpcKind::EditConfig { target: Store::Running, test: Some(Test::TestOnly) })
            .remove("/plant/vlan[id='100']")
            .edit(Edit::Create, "/plant/vlan[id='200']")
            .edit(Edit::Replace, "/plant/interface/Gigabit[name='1/0/5']/mtu=2000"),
    );
    assert_eq!(
        rpc.curl(&Host::new("sw", "admin")).lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>(),
        [
            "curl --fail-with-body --user 'admin' -X DELETE -H 'Accept: application/yang-data+json' 'https://sw/restconf/data/plant:plant/vlan=100'",
            "curl --fail-with-body --user 'admin' -X POST -H 'Accept: application/yang-data+json' 'https://sw/restconf/data/plant:plant' \\",
            "  -H 'Content-Type: application/yang-data+json' --data-binary '{",
            "  \"plant:vlan\": [",
            "    {",
            "      \"id\": 200",
            "    }",
            "  ]",
            "}'",
            "curl --fail-with-body --user 'admin' -X PUT -H 'Accept: application/yang-data+json' 'https://sw/restconf/data/plant:plant/interface/Gigabit=1%2F0%2F5/mtu' \\",
            "  -H 'Content-Type: application/yang-data+json' --data-binary '{",
            "  \"plant:mtu\": 2000",
            "}'",
        ]
    );
}

#[test]
fn the_order_of_paths_loses_no_setting() {
    let mtu = format!("{PORT}/mtu");
    let operation = |path: &str| vec![format!("{path}: another path has another operation for it")];
    assert_eq!(refused(edit().set(format!("{mtu}=5000")).remove(&mtu)), operation(&mtu));
    let set = format!("{mtu}=5000");
    assert_eq!(refused(edit().remove(&mtu).set(&set)), operation(&set));
    assert_eq!(refused(edit().set(&set).edit(Edit::Create, &set)), operation(&set));
    assert_eq!(refused(edit().set(PORT).edit(Edit::Delete, PORT)), operation(PORT));
    // what only led to others may still be given an operation, as it may before them
    let after = built(edit().set(&set).edit(Edit::Replace, PORT));
    assert_eq!(after.data(), built(edit().edit(Edit::Replace, PORT).set(&set)).data());
    assert!(after.data().contains("nc:operation=\"replace\"") && after.data().contains("<mtu>5000</mtu>"));
    assert_eq!(built(edit().set(&set).set(&set)).data(), built(edit().set(&set)).data());
}

#[test]
fn what_a_filter_selects_as_a_whole_is_not_narrowed_by_its_parts() {
    let get = || schema().rpc(RpcKind::Get);
    let (part, port) = (format!("{PORT}/mtu"), "/plant/interface/Gigabit");
    let whole = built(get().set(PORT)).data();
    assert_eq!(built(get().set(PORT).set(&part)).data(), whole);
    assert_eq!(built(get().set(&part).set(PORT)).data(), whole);
    let all = built(get().set(port)).data();
    assert_eq!(built(get().set(format!("{port}/switchport/access/vlan")).set(port)).data(), all);
    assert_eq!(built(get().set("/plant").set(&part).set(port)).data(), built(get().set("/plant")).data());
    let wrong = refused(get().set(PORT).set(format!("{PORT}/mtv")));
    assert!(wrong[0].contains("there is no mtv"), "{wrong:?}");
    let value = refused(get().set(format!("{port}/mtu")).set(format!("{port}/mtu=2000")));
    assert_eq!(value, [format!("{port}/mtu=2000: another path selects it, with or without a value")]);
}

#[test]
fn blanks_at_the_end_of_a_value_are_part_of_it() {
    let rpc =
        built(edit().set(format!("  {PORT}/description= to the attic \t ")).set("/plant/vlan[id='7'] "));
    assert!(rpc.data().contains("<description> to the attic \t </description>"), "{}", rpc.data());
}

#[test]
fn a_list_that_is_not_named_by_all_its_keys_is_no_resource() {
    let host = Host::new("sw", "admin");
    let lines = |path: &str| {
        let rpc = built(schema().rpc(RpcKind::GetConfig { source: Store::Running }).set(path));
        rpc.curl(&host).lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let url = |path: &str| format!("'https://sw/restconf/data/{path}?content=config'");
    let note = "# RESTCONF names entries by all their keys, or their value: what is above them is read in their place.";
    let address = format!("{PORT}/ip/address");
    for path in
        [address.clone(), format!("{address}[prefix-length='24']"), format!("{address}[ip='192.0.2.1']/ip")]
    {
        let lines = lines(&path);
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert_eq!(lines[0], note);
        assert!(lines[1].ends_with(&url("plant:plant/interface/Gigabit=1%2F0%2F5/ip")), "{path}: {lines:?}");
    }
    let named = lines(&format!("{address}[ip='192.0.2.1'][prefix-length='24']"));
    assert!(
        named[0].ends_with(&url("plant:plant/interface/Gigabit=1%2F0%2F5/ip/address=192.0.2.1,24")),
        "{named:?}"
    );
    assert_eq!(lines("/plant/interface/Gigabit/mtu").len(), 2);
}
