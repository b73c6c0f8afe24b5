use std::time::Duration;

use super::*;
use crate::operation::Operation;

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
    let refused: [Result<(), Error>; 7] = [
        DeleteConfig::new(Config::Url("http://x".into())).check(&offering(&url)),
        DeleteConfig::new(Datastore::Running).check(&offering(&url)),
        Commit::confirmed().timeout(Duration::ZERO).check(&offering(&[capabilities::CANDIDATE])),
        Commit::new().timeout(Duration::from_secs(1)).check(&offering(&[capabilities::CANDIDATE])),
        KillSession(0).check(&offering(&[])),
        Raw::new(" ").check(&offering(&[])),
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
    let prefix = vec![("x y".to_owned(), "urn:x".to_owned())];
    let xpath = Get::new().filter(Filter::XPath { select: "/a".into(), namespaces: prefix });
    assert!(matches!(xpath.check(&offering(&[capabilities::XPATH])), Err(Error::InvalidXml { .. })));
}
