use std::time::Duration;

use super::*;
use crate::operation::Operation;
use crate::reply::Reply;

fn xml_of<O: Operation>(operation: &O) -> String {
    let mut xml = String::new();
    operation.write(&mut xml);
    xml
}

fn offering(uris: &[&str]) -> Capabilities {
    Capabilities::from_iter(uris)
}

fn missing<O: Operation>(operation: &O, uris: &[&str]) -> &'static str {
    match operation.check(&offering(uris)) {
        Err(Error::MissingCapability { capability, .. }) => capability,
        other => panic!("expected a missing capability, got {other:?}"),
    }
}

#[test]
fn queries_are_written_as_the_rfc_shows_them() {
    let get = GetConfig::new(Datastore::Running)
        .subtree("<top xmlns=\"urn:t\"/>")
        .with_defaults(WithDefaults::Trim);
    assert_eq!(
        xml_of(&get),
        "<get-config><source><running/></source><filter type=\"subtree\"><top xmlns=\"urn:t\"/></filter>\
         <with-defaults xmlns=\"urn:ietf:params:xml:ns:yang:ietf-netconf-with-defaults\">trim</with-defaults></get-config>"
    );
    let namespaces = vec![("t".to_owned(), "urn:t&u".to_owned())];
    let get = Get::new().filter(Filter::XPath { select: "/t:top[t:a<\"1\"]".into(), namespaces });
    assert_eq!(
        xml_of(&get),
        "<get><filter type=\"xpath\" xmlns:t=\"urn:t&amp;u\" select=\"/t:top[t:a&lt;&quot;1&quot;]\"/></get>"
    );
}

#[test]
fn an_edit_has_its_options_in_the_schemas_order() {
    let edit = EditConfig::new(Datastore::Candidate, "<a/>")
        .error_option(ErrorOption::RollbackOnError)
        .test_option(TestOption::TestThenSet)
        .default_operation(DefaultOperation::None);
    assert_eq!(
        xml_of(&edit),
        "<edit-config><target><candidate/></target><default-operation>none</default-operation>\
         <test-option>test-then-set</test-option><error-option>rollback-on-error</error-option>\
         <config><a/></config></edit-config>"
    );
}

#[test]
fn a_confirmed_commit_has_its_parameters_in_the_schemas_order() {
    let commit = Commit::confirmed().timeout(Duration::from_millis(1500)).persist("a<b").persist_id("c");
    assert_eq!(
        xml_of(&commit),
        "<commit><confirmed/><confirm-timeout>2</confirm-timeout><persist>a&lt;b</persist><persist-id>c</persist-id></commit>"
    );
    let endless = xml_of(&Commit::confirmed().timeout(Duration::MAX));
    assert!(endless.contains("<confirm-timeout>4294967295</confirm-timeout>"), "{endless}");
    assert_eq!(xml_of(&Commit::new()), "<commit/>");
    assert_eq!(xml_of(&Commit::confirm("x")), "<commit><persist-id>x</persist-id></commit>");
    assert_eq!(xml_of(&CancelCommit::of("x")), "<cancel-commit><persist-id>x</persist-id></cancel-commit>");
}

#[test]
fn the_other_operations_are_written_as_the_rfc_shows_them() {
    assert_eq!(xml_of(&Lock(Datastore::Running)), "<lock><target><running/></target></lock>");
    assert_eq!(xml_of(&Unlock(Datastore::Startup)), "<unlock><target><startup/></target></unlock>");
    assert_eq!(xml_of(&KillSession(7)), "<kill-session><session-id>7</session-id></kill-session>");
    assert_eq!(
        xml_of(&Validate::new(Datastore::Candidate)),
        "<validate><source><candidate/></source></validate>"
    );
    let copy = CopyConfig::new(Datastore::Running, Config::Url("file:///a&b".into()));
    assert_eq!(
        xml_of(&copy),
        "<copy-config><target><url>file:///a&amp;b</url></target><source><running/></source></copy-config>"
    );
    let delete = DeleteConfig::new(Datastore::Startup);
    assert_eq!(xml_of(&delete), "<delete-config><target><startup/></target></delete-config>");
}

#[test]
fn what_the_server_does_not_offer_is_refused_by_name() {
    assert_eq!(missing(&Lock(Datastore::Candidate), &[]), capabilities::CANDIDATE);
    assert_eq!(missing(&GetConfig::new(Datastore::Startup), &[]), capabilities::STARTUP);
    assert_eq!(missing(&EditConfig::new(Datastore::Running, "<a/>"), &[]), capabilities::WRITABLE_RUNNING);
    assert_eq!(missing(&Commit::new(), &[]), capabilities::CANDIDATE);
    let candidate = [capabilities::CANDIDATE];
    assert_eq!(missing(&Commit::confirmed(), &candidate), capabilities::CONFIRMED_COMMIT_1_1);
    let old = [capabilities::CANDIDATE, capabilities::CONFIRMED_COMMIT_1_0];
    assert!(Commit::confirmed().check(&offering(&old)).is_ok());
    assert_eq!(missing(&Commit::confirmed().persist("x"), &old), capabilities::CONFIRMED_COMMIT_1_1);
    assert_eq!(missing(&CancelCommit::new(), &old), capabilities::CONFIRMED_COMMIT_1_1);
    let edit = EditConfig::new(Datastore::Candidate, "<a/>");
    assert_eq!(missing(&edit.clone().test_option(TestOption::Set), &candidate), capabilities::VALIDATE_1_1);
    let rollback = edit.clone().error_option(ErrorOption::RollbackOnError);
    assert_eq!(missing(&rollback, &candidate), capabilities::ROLLBACK_ON_ERROR);
    let old = [capabilities::CANDIDATE, capabilities::VALIDATE_1_0];
    assert!(edit.clone().test_option(TestOption::TestThenSet).check(&offering(&old)).is_ok());
    assert_eq!(missing(&edit.test_option(TestOption::TestOnly), &old), capabilities::VALIDATE_1_1);
    let xpath = Get::new().filter(Filter::XPath { select: "/a".into(), namespaces: vec![] });
    assert_eq!(missing(&xpath, &[]), capabilities::XPATH);
    assert_eq!(missing(&Get::new().with_defaults(WithDefaults::Trim), &[]), capabilities::WITH_DEFAULTS);
}

#[test]
fn arguments_outside_of_what_is_offered_are_refused() {
    let url = ["urn:ietf:params:netconf:capability:url:1.0?scheme=ftp,file", capabilities::STARTUP];
    assert!(DeleteConfig::new(Config::Url("file:///x".into())).check(&offering(&url)).is_ok());
    let refused: [Result<(), Error>; 9] = [
        DeleteConfig::new(Config::Url("http://x".into())).check(&offering(&url)),
        DeleteConfig::new(Datastore::Running).check(&offering(&url)),
        Commit::confirmed().timeout(Duration::ZERO).check(&offering(&[capabilities::CANDIDATE])),
        Commit::new().timeout(Duration::from_secs(1)).check(&offering(&[capabilities::CANDIDATE])),
        KillSession(0).check(&offering(&[])),
        Raw::new(" ").check(&offering(&[])),
        Raw::new("<!-- nothing -->").check(&offering(&[])),
        Raw::new("<a xmlns='urn:a'/><b xmlns='urn:b'/>").check(&offering(&[])),
        Get::new().with_defaults(WithDefaults::Trim).check(&offering(&[
            "urn:ietf:params:netconf:capability:with-defaults:1.0?basic-mode=explicit&also-supported=report-all",
        ])),
    ];
    for (at, outcome) in refused.into_iter().enumerate() {
        assert!(matches!(outcome, Err(Error::InvalidArgument(_))), "{at}: {outcome:?}");
    }
}

#[test]
fn xml_that_would_leave_its_place_is_refused() {
    let hostile = "</config></edit-config><delete-config/><edit-config><config>";
    let edit =
        EditConfig::new(Datastore::Running, hostile).check(&offering(&[capabilities::WRITABLE_RUNNING]));
    assert!(matches!(edit, Err(Error::InvalidXml { .. })), "{edit:?}");
    assert!(matches!(Raw::new("<a>").check(&offering(&[])), Err(Error::InvalidXml { .. })));
    for prefix in ["x y", "", "x=\"u\" select=\"/all\" xmlns:y", "x=\"u\"><b/></filter><filter xmlns:y"] {
        let namespaces = vec![(prefix.to_owned(), "urn:x".to_owned())];
        let xpath = Get::new().filter(Filter::XPath { select: "/a".into(), namespaces });
        let checked = xpath.check(&offering(&[capabilities::XPATH]));
        assert!(matches!(checked, Err(Error::InvalidXml { .. })), "{prefix:?}: {checked:?}");
    }
}

#[test]
fn a_prefix_that_would_begin_an_element_is_refused_wherever_there_are_prefixes() {
    let hostile = "x=\"u\"/><evil xmlns:y";
    let lock = PartialLock::new("/a").namespace("x=\"u\"><select>/b</select><select xmlns:y", "u");
    assert!(matches!(lock.check(&offering(&[capabilities::PARTIAL_LOCK])), Err(Error::InvalidXml { .. })));
    let filter =
        Filter::XPath { select: "/a".into(), namespaces: vec![(hostile.to_owned(), "urn:x".to_owned())] };
    let establish = EstablishSubscription::stream("S").filter(filter);
    assert!(matches!(establish.check(&offering(&[])), Err(Error::InvalidXml { .. })));
    let endless = EstablishSubscription::on_change(Duration::MAX);
    assert!(matches!(endless.check(&offering(&[])), Err(Error::InvalidArgument(_))));
}

#[test]
fn defaults_of_the_operational_datastore_have_a_capability_of_their_own() {
    let modes = "?basic-mode=explicit&also-supported=report-all";
    let usual = format!("{}{modes}", capabilities::WITH_DEFAULTS);
    let operational = format!("{}{modes}", capabilities::WITH_OPERATIONAL_DEFAULTS);
    let get = |datastore| GetData::new(datastore).with_defaults(WithDefaults::ReportAll);
    let both = [capabilities::YANG_LIBRARY_1_1, &usual, &operational];
    get(NmdaDatastore::Operational).check(&offering(&both)).unwrap();
    get(NmdaDatastore::Running).check(&offering(&both[..2])).unwrap();
    assert_eq!(
        missing(&get(NmdaDatastore::Operational), &both[..2]),
        capabilities::WITH_OPERATIONAL_DEFAULTS
    );
    let trim = GetData::new(NmdaDatastore::Operational).with_defaults(WithDefaults::Trim);
    assert!(matches!(trim.check(&offering(&both)), Err(Error::InvalidArgument(_))));
}

#[test]
fn subscriptions_are_written_as_their_rfcs_show_them() {
    let filter = Filter::Subtree("<a xmlns=\"urn:a\"/>".into());
    let create =
        CreateSubscription::new().stream("S").filter(filter.clone()).start_time("t1").stop_time("t2");
    assert_eq!(
        xml_of(&create),
        "<create-subscription xmlns=\"urn:ietf:params:xml:ns:netconf:notification:1.0\"><stream>S</stream>\
         <filter type=\"subtree\"><a xmlns=\"urn:a\"/></filter><startTime>t1</startTime><stopTime>t2</stopTime></create-subscription>"
    );
    assert_eq!(missing(&create, &[]), capabilities::NOTIFICATION);
    let stop_only = CreateSubscription::new().stop_time("t2").check(&offering(&[capabilities::NOTIFICATION]));
    assert!(matches!(stop_only, Err(Error::InvalidArgument(_))));
    let xpath = Filter::XPath { select: "/a:b".into(), namespaces: vec![("a".into(), "urn:a".into())] };
    let push = EstablishSubscription::on_change(Duration::from_millis(15))
        .datastore(NmdaDatastore::Running)
        .filter(xpath)
        .stop_time("t");
    assert_eq!(
        xml_of(&push),
        "<establish-subscription xmlns=\"urn:ietf:params:xml:ns:yang:ietf-subscribed-notifications\" \
         xmlns:yp=\"urn:ietf:params:xml:ns:yang:ietf-yang-push\"><yp:datastore \
         xmlns:ds=\"urn:ietf:params:xml:ns:yang:ietf-datastores\">ds:running</yp:datastore>\
         <yp:datastore-xpath-filter xmlns:a=\"urn:a\">/a:b</yp:datastore-xpath-filter>\
         <yp:on-change><yp:dampening-period>2</yp:dampening-period></yp:on-change><stop-time>t</stop-time></establish-subscription>"
    );
    let stream = EstablishSubscription::stream("NETCONF").filter(filter).replay_start_time("t");
    assert_eq!(
        xml_of(&stream),
        "<establish-subscription xmlns=\"urn:ietf:params:xml:ns:yang:ietf-subscribed-notifications\" \
         xmlns:yp=\"urn:ietf:params:xml:ns:yang:ietf-yang-push\"><stream>NETCONF</stream><stream-subtree-filter>\
         <a xmlns=\"urn:a\"/></stream-subtree-filter><replay-start-time>t</replay-start-time></establish-subscription>"
    );
    for operation in [push, stream] {
        operation.check(&offering(&[])).unwrap();
    }
    let within = |ends: &str, begins: &str, smuggled: &str| {
        format!("</stream-subtree-filter>{ends}{smuggled}{begins}<stream-subtree-filter>")
    };
    let smuggled = within("</establish-subscription>", "<establish-subscription>", "<delete-config/>");
    for filter in ["</x>".to_owned(), "text<a/>".to_owned(), within("", "", "<dscp>1</dscp>"), smuggled] {
        let hostile = EstablishSubscription::stream("S").filter(Filter::Subtree(filter));
        assert!(matches!(hostile.check(&offering(&[])), Err(Error::InvalidXml { what: "filter", .. })));
    }
}

#[test]
fn nmda_and_schema_operations_are_written_as_their_rfcs_show_them() {
    let get = GetData::new(NmdaDatastore::Operational)
        .subtree("<a/>")
        .max_depth(2)
        .config_filter(false)
        .with_origin();
    assert_eq!(
        xml_of(&get),
        "<get-data xmlns=\"urn:ietf:params:xml:ns:yang:ietf-netconf-nmda\"><datastore \
         xmlns:ds=\"urn:ietf:params:xml:ns:yang:ietf-datastores\">ds:operational</datastore>\
         <subtree-filter><a/></subtree-filter><config-filter>false</config-filter><max-depth>2</max-depth><with-origin/></get-data>"
    );
    assert_eq!(missing(&get, &[]), capabilities::YANG_LIBRARY_1_1);
    let nmda = [capabilities::YANG_LIBRARY_1_1, capabilities::WRITABLE_RUNNING];
    get.check(&offering(&nmda)).unwrap();
    assert!(GetData::new(NmdaDatastore::Running).with_origin().check(&offering(&nmda)).is_err());
    let edit = EditData::new(NmdaDatastore::Running, "<a xmlns=\"urn:a\"/>");
    edit.check(&offering(&nmda)).unwrap();
    assert!(
        xml_of(&edit).ends_with("ds:running</datastore><config><a xmlns=\"urn:a\"/></config></edit-data>")
    );
    assert_eq!(missing(&EditData::new(NmdaDatastore::Candidate, ""), &nmda), capabilities::CANDIDATE);
    let by_file = EditData::from_url(NmdaDatastore::Running, "file:///x");
    assert_eq!(missing(&by_file, &nmda), capabilities::URL);
    assert!(xml_of(&by_file).ends_with("ds:running</datastore><url>file:///x</url></edit-data>"));
    let origins = GetData::new(NmdaDatastore::Operational).origin_filter("system").origin_filter("learned");
    let or = "xmlns:or=\"urn:ietf:params:xml:ns:yang:ietf-origin\"";
    assert!(xml_of(&origins).ends_with(&format!(
        "</datastore><origin-filter {or}>or:system</origin-filter><origin-filter {or}>or:learned</origin-filter></get-data>"
    )));
    assert!(xml_of(&origins.clone().negate_origins().max_depth(1)).ends_with(&format!(
        "<negated-origin-filter {or}>or:learned</negated-origin-filter><max-depth>1</max-depth></get-data>"
    )));
    origins.check(&offering(&nmda)).unwrap();
    for hostile in ["", "a</origin-filter>", "x y"] {
        assert!(origins.clone().origin_filter(hostile).check(&offering(&nmda)).is_err(), "{hostile}");
    }
    assert!(GetData::new(NmdaDatastore::Running).origin_filter("system").check(&offering(&nmda)).is_err());
    assert!(EditData::new(NmdaDatastore::Intended, "").check(&offering(&nmda)).is_err());
    assert_eq!(
        xml_of(&GetSchema::new("a").version("1").format("yin")),
        "<get-schema xmlns=\"urn:ietf:params:xml:ns:yang:ietf-netconf-monitoring\"><identifier>a</identifier>\
         <version>1</version><format>yin</format></get-schema>"
    );
    assert_eq!(
        xml_of(&PartialLock::new("/a:b").select("/a:c").namespace("a", "urn:a")),
        "<partial-lock xmlns=\"urn:ietf:params:xml:ns:netconf:partial-lock:1.0\" xmlns:a=\"urn:a\">\
         <select>/a:b</select><select>/a:c</select></partial-lock>"
    );
    assert_eq!(missing(&PartialUnlock(1), &[]), capabilities::PARTIAL_LOCK);
    assert_eq!(
        xml_of(&SyncFrom::new().sync_defaults()),
        "<sync-from xmlns=\"http://cisco.com/yang/cisco-ia\"><sync-defaults/></sync-from>"
    );
}

fn reply(body: &str) -> Reply {
    let text = format!("<rpc-reply xmlns=\"urn:ietf:params:xml:ns:netconf:base:1.0\">{body}</rpc-reply>");
    Reply::read(text.into(), "test", 50).unwrap()
}

#[test]
fn both_forms_of_the_yang_library_are_read() {
    let old = reply(
        "<data><modules-state xmlns=\"urn:ietf:params:xml:ns:yang:ietf-yang-library\"><module-set-id>s1</module-set-id>\
         <module><name>a</name><revision>2020-01-01</revision><namespace>urn:a</namespace><feature>f</feature>\
         <deviation><name>d</name><revision/></deviation><submodule><name>s</name><revision/></submodule>\
         <conformance-type>implement</conformance-type></module><module><name>b</name><revision/>\
         <namespace>urn:b</namespace><conformance-type>import</conformance-type></module></modules-state></data>",
    );
    let library = GetYangLibrary.read(old).unwrap();
    assert_eq!(library.content_id.as_deref(), Some("s1"));
    let [a, b] = &library.modules[..] else { panic!("{library:?}") };
    assert_eq!((a.name.as_str(), a.revision.as_deref(), a.implemented), ("a", Some("2020-01-01"), true));
    assert_eq!((&a.features[..], &a.deviations[..]), (&["f".to_owned()][..], &["d".to_owned()][..]));
    assert_eq!(a.submodules, vec![("s".to_owned(), None)]);
    assert_eq!((b.revision.as_deref(), b.implemented), (None, false));
    let new = reply(
        "<data><yang-library xmlns=\"urn:ietf:params:xml:ns:yang:ietf-yang-library\"><module-set><name>all</name>\
         <module><name>a</name><namespace>urn:a</namespace><deviation>d</deviation></module>\
         <import-only-module><name>b</name><revision>2020-01-01</revision><namespace>urn:b</namespace></import-only-module>\
         </module-set><content-id>c1</content-id></yang-library></data>",
    );
    let library = GetYangLibrary.read(new).unwrap();
    assert_eq!(library.content_id.as_deref(), Some("c1"));
    assert_eq!(library.modules[0].deviations, vec!["d".to_owned()]);
    assert!(library.modules[0].implemented && !library.modules[1].implemented);
    assert!(GetYangLibrary.read(reply("<data/>")).is_err());
}

#[test]
fn the_other_replies_are_read() {
    let locked =
        reply("<lock-id xmlns=\"urn:p\">127</lock-id><locked-node xmlns=\"urn:p\">/a:b</locked-node>");
    let locked = PartialLock::new("/a:b").read(locked).unwrap();
    assert_eq!((locked.lock_id, locked.nodes), (127, vec!["/a:b".to_owned()]));
    assert!(PartialLock::new("/a:b").read(reply("<ok/>")).is_err());
    assert_eq!(
        GetSchema::new("a").read(reply("<data xmlns=\"urn:m\">\nmodule a {&lt;}\n</data>")).unwrap(),
        "module a {<}"
    );
    let yin = reply("<data xmlns=\"urn:m\">\n<module name=\"a\"><prefix value=\"a\"/></module>\n</data>");
    let yin = GetSchema::new("a").format("yin").read(yin).unwrap();
    assert_eq!(yin, "<module name=\"a\"><prefix value=\"a\"/></module>");
    let text = "<result xmlns=\"http://cisco.com/yang/cisco-ia\">Save running-config successful</result>";
    assert_eq!(SaveConfig.read(reply(text)).unwrap(), "Save running-config successful");
    assert_eq!(SaveConfig.read(reply("<ok/>")).unwrap(), "");
    assert!(EstablishSubscription::stream("S").read(reply("<ok/>")).is_err());
}
