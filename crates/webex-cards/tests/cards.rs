//! The typed card gives the same JSON as the hand-made one in `fixtures/webex`.

use serde_json::{Value, json};
use webex_cards::card::{
    Action, ActionStyle, ChoiceSet, Color, Column, ColumnSet, Container, ContainerStyle, FactSet, Spacing,
    TextBlock, TextInput, Weight, Width,
};
use webex_cards::{Card, PlainText};

#[test]
fn the_approval_card_is_built_as_the_fixture_has_it() {
    let data = |action: &str| json!({"v": 1, "action": action, "change_id": "chg-000301-1", "plan_digest": "sha256:9f2c1d7a"});
    let facts = FactSet::new()
        .fact("Device", PlainText::from_foreign("sw-branch-07", 64))
        .fact("Interface", PlainText::from_foreign("GigabitEthernet1/0/7", 64))
        .fact("Mode", "access")
        .fact("VLAN", 210)
        .fact("MTU", 1500)
        .fact("Enabled", "yes");
    let reason = TextInput::new("reason", "Reason")
        .required("Say why, in 3 to 500 characters")
        .regex(r"^[\s\S]{3,500}$")
        .max_length(500)
        .multiline();
    let decline = Action::submit("Confirm decline", ActionStyle::Destructive, &data("decline")).unwrap();
    let card = Card::new("Change 26301 needs approval")
        .with(TextBlock::heading(PlainText::from("Network change ").then(26301)))
        .with(
            TextBlock::new(PlainText::from_foreign("Move desk port to user VLAN", 100))
                .subtle()
                .spacing(Spacing::None),
        )
        .with(facts)
        .with(TextInput::new("comment", "Comment (optional)").multiline().max_length(500))
        .action(Action::submit("Approve", ActionStyle::Positive, &data("approve")).unwrap())
        .action(Action::show_card("Decline", Card::inner().with(reason).action(decline)))
        .action(Action::open_url("Open ticket", "https://tickets.example.net/#ticket/zoom/301"));
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/webex/approval_card.json");
    let fixture: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    assert_eq!(card.to_json().unwrap(), fixture);
}

#[test]
fn every_element_has_its_documented_keys() {
    let columns = ColumnSet::new()
        .column(Column::new(Width::Auto).with(TextBlock::new("left").weight(Weight::Lighter).monospace()))
        .column(Column::new(Width::Share(2)).with(TextBlock::new("right").color(Color::Good)));
    let choices = ChoiceSet::new("when", "When")
        .choice("Now", "now")
        .choice("Tonight", "night")
        .value("now")
        .expanded();
    let card = Card::new("x")
        .with(Container::new(ContainerStyle::Emphasis).with(columns))
        .with(choices)
        .action(Action::submit("Send", ActionStyle::Default, &json!({})).unwrap());
    let expected = json!([
        {"type": "Container", "style": "emphasis", "items": [{"type": "ColumnSet", "columns": [
            {"type": "Column", "width": "auto", "items": [
                {"type": "TextBlock", "text": "left", "weight": "Lighter", "fontType": "Monospace", "wrap": true}]},
            {"type": "Column", "width": 2, "items": [
                {"type": "TextBlock", "text": "right", "color": "Good", "wrap": true}]}]}]},
        {"type": "Input.ChoiceSet", "id": "when", "label": "When", "value": "now", "style": "expanded", "choices": [
            {"title": "Now", "value": "now"}, {"title": "Tonight", "value": "night"}]}
    ]);
    let json = card.to_json().unwrap();
    assert_eq!(json["body"], expected);
    assert_eq!(json["actions"], json!([{"type": "Action.Submit", "title": "Send", "data": {}}]));
}
