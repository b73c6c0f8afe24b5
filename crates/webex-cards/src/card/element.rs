//! The elements of a card.

use serde::Serialize;

use super::{ChoiceSet, PlainText, TextInput};

/// One element of a card's body.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type")]
#[non_exhaustive]
pub enum Element {
    /// Text.
    TextBlock(TextBlock),
    /// Rows of title and value.
    FactSet(FactSet),
    /// Columns side by side.
    ColumnSet(ColumnSet),
    /// A group, with a background.
    Container(Container),
    /// A field for text.
    #[serde(rename = "Input.Text")]
    TextInput(TextInput),
    /// A choice.
    #[serde(rename = "Input.ChoiceSet")]
    ChoiceSet(ChoiceSet),
}

macro_rules! into_element {
    ($($name:ident),+) => { $(impl From<$name> for Element {
        fn from(element: $name) -> Self {
            Self::$name(element)
        }
    })+ };
}
into_element!(TextBlock, FactSet, ColumnSet, Container, TextInput, ChoiceSet);

macro_rules! words {
    ($(#[$doc:meta])* $name:ident: $($variant:ident = $word:literal),+) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
        #[non_exhaustive]
        pub enum $name { $(#[doc = concat!("`", $word, "`")] #[serde(rename = $word)] $variant),+ }
    };
}
words!(/// How heavy a text is.
    Weight: Lighter = "Lighter", Default = "Default", Bolder = "Bolder");
words!(/// How large a text is.
    Size: Small = "Small", Default = "Default", Medium = "Medium", Large = "Large", ExtraLarge = "ExtraLarge");
words!(/// What a text's colour means; the client picks the shade.
    Color: Default = "Default", Dark = "Dark", Light = "Light", Accent = "Accent", Good = "Good", Warning = "Warning", Attention = "Attention");
words!(/// The kind of letters.
    FontType: Default = "Default", Monospace = "Monospace");
words!(/// The distance to the element above.
    Spacing: None = "None", Small = "Small", Default = "Default", Medium = "Medium", Large = "Large", ExtraLarge = "ExtraLarge", Padding = "Padding");
words!(/// The background of a container or column.
    ContainerStyle: Default = "default", Emphasis = "emphasis", Good = "good", Attention = "attention", Warning = "warning", Accent = "accent");
words!(/// What a button looks like.
    ActionStyle: Default = "default", Positive = "positive", Destructive = "destructive");

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's skip_serializing_if passes a reference")]
pub(super) fn is_false(value: &bool) -> bool {
    !*value
}

/// A text; wraps unless told otherwise.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TextBlock {
    text: PlainText,
    #[serde(skip_serializing_if = "Option::is_none")]
    weight: Option<Weight>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<Size>,
    #[serde(skip_serializing_if = "Option::is_none")]
    color: Option<Color>,
    #[serde(skip_serializing_if = "is_false")]
    is_subtle: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    font_type: Option<FontType>,
    #[serde(skip_serializing_if = "Option::is_none")]
    spacing: Option<Spacing>,
    #[serde(skip_serializing_if = "is_false")]
    separator: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_lines: Option<u32>,
    wrap: bool,
}

impl TextBlock {
    /// A text that wraps.
    #[must_use]
    pub fn new(text: impl Into<PlainText>) -> Self {
        Self {
            text: text.into(),
            weight: None,
            size: None,
            color: None,
            is_subtle: false,
            font_type: None,
            spacing: None,
            separator: false,
            max_lines: None,
            wrap: true,
        }
    }

    /// Bold and of medium size.
    #[must_use]
    pub fn heading(text: impl Into<PlainText>) -> Self {
        Self::new(text).weight(Weight::Bolder).size(Size::Medium)
    }

    /// Sets the weight.
    #[must_use]
    pub fn weight(mut self, weight: Weight) -> Self {
        self.weight = Some(weight);
        self
    }

    /// Sets the size.
    #[must_use]
    pub fn size(mut self, size: Size) -> Self {
        self.size = Some(size);
        self
    }

    /// Sets the colour.
    #[must_use]
    pub fn color(mut self, color: Color) -> Self {
        self.color = Some(color);
        self
    }

    /// Less prominent.
    #[must_use]
    pub fn subtle(mut self) -> Self {
        self.is_subtle = true;
        self
    }

    /// In letters of one width.
    #[must_use]
    pub fn monospace(mut self) -> Self {
        self.font_type = Some(FontType::Monospace);
        self
    }

    /// Sets the distance to what is above.
    #[must_use]
    pub fn spacing(mut self, spacing: Spacing) -> Self {
        self.spacing = Some(spacing);
        self
    }

    /// A line above.
    #[must_use]
    pub fn separator(mut self) -> Self {
        self.separator = true;
        self
    }

    /// At most so many lines.
    #[must_use]
    pub fn max_lines(mut self, lines: u32) -> Self {
        self.max_lines = Some(lines);
        self
    }
}

/// One row of a [`FactSet`]; both sides are text, since numbers break some clients.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fact {
    title: PlainText,
    value: PlainText,
}

/// Rows of title and value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Default)]
pub struct FactSet {
    facts: Vec<Fact>,
}

impl FactSet {
    /// No rows yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a row.
    #[must_use]
    pub fn fact(mut self, title: impl Into<PlainText>, value: impl Into<PlainText>) -> Self {
        self.facts.push(Fact { title: title.into(), value: value.into() });
        self
    }
}

/// How wide a [`Column`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Width {
    /// As wide as its content.
    Auto,
    /// What is left.
    Stretch,
    /// A share of the whole, relative to the other columns.
    #[serde(untagged)]
    Share(u32),
}

/// One column of a [`ColumnSet`].
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type")]
pub struct Column {
    width: Width,
    items: Vec<Element>,
}

impl Column {
    /// An empty column.
    #[must_use]
    pub fn new(width: Width) -> Self {
        Self { width, items: Vec::new() }
    }

    /// Adds an element at the bottom.
    #[must_use]
    pub fn with(mut self, element: impl Into<Element>) -> Self {
        self.items.push(element.into());
        self
    }

    pub(super) fn items(&self) -> &[Element] {
        &self.items
    }
}

/// Columns side by side.
#[derive(Debug, Clone, PartialEq, Serialize, Default)]
pub struct ColumnSet {
    columns: Vec<Column>,
}

impl ColumnSet {
    /// No columns yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a column at the right.
    #[must_use]
    pub fn column(mut self, column: Column) -> Self {
        self.columns.push(column);
        self
    }

    pub(super) fn columns(&self) -> &[Column] {
        &self.columns
    }
}

/// A group of elements.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Container {
    #[serde(skip_serializing_if = "Option::is_none")]
    style: Option<ContainerStyle>,
    items: Vec<Element>,
}

impl Container {
    /// An empty group.
    #[must_use]
    pub fn new(style: ContainerStyle) -> Self {
        Self { style: Some(style).filter(|style| *style != ContainerStyle::Default), items: Vec::new() }
    }

    /// Adds an element at the bottom.
    #[must_use]
    pub fn with(mut self, element: impl Into<Element>) -> Self {
        self.items.push(element.into());
        self
    }

    pub(super) fn items(&self) -> &[Element] {
        &self.items
    }
}
