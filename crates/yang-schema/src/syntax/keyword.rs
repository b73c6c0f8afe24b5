//! The keywords of YANG 1 and 1.1 (RFC 7950 section 14).

macro_rules! keywords {
    ($($variant:ident = $text:literal),* $(,)?) => {
        /// A statement's keyword.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub(crate) enum Kw {
            $($variant,)*
            /// A statement defined by an extension, `prefix:name`.
            Extension,
        }

        impl Kw {
            /// The keyword for a word without a prefix.
            pub(crate) fn parse(word: &str) -> Option<Self> {
                match word {
                    $($text => Some(Self::$variant),)*
                    _ => None,
                }
            }

            /// The word as written in a module.
            pub(crate) fn text(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                    Self::Extension => "extension statement",
                }
            }
        }
    };
}

keywords! {
    Action = "action", Anydata = "anydata", Anyxml = "anyxml", Argument = "argument", Augment = "augment",
    Base = "base", BelongsTo = "belongs-to", Bit = "bit", Case = "case", Choice = "choice",
    Config = "config", Contact = "contact", Container = "container", Default = "default",
    Description = "description", Deviate = "deviate", Deviation = "deviation", Enum = "enum",
    ErrorAppTag = "error-app-tag", ErrorMessage = "error-message", ExtensionDef = "extension",
    Feature = "feature", FractionDigits = "fraction-digits", Grouping = "grouping", Identity = "identity",
    IfFeature = "if-feature", Import = "import", Include = "include", Input = "input", Key = "key",
    Leaf = "leaf", LeafList = "leaf-list", Length = "length", List = "list", Mandatory = "mandatory",
    MaxElements = "max-elements", MinElements = "min-elements", Modifier = "modifier", Module = "module",
    Must = "must", Namespace = "namespace", Notification = "notification", OrderedBy = "ordered-by",
    Organization = "organization", Output = "output", Path = "path", Pattern = "pattern",
    Position = "position", Prefix = "prefix", Presence = "presence", Range = "range",
    Reference = "reference", Refine = "refine", RequireInstance = "require-instance",
    Revision = "revision", RevisionDate = "revision-date", Rpc = "rpc", Status = "status",
    Submodule = "submodule", Type = "type", Typedef = "typedef", Unique = "unique", Units = "units",
    Uses = "uses", Value = "value", When = "when", YangVersion = "yang-version", YinElement = "yin-element",
}

impl Kw {
    /// Whether the statement makes a node of the schema tree.
    pub(crate) fn is_schema_node(self) -> bool {
        matches!(
            self,
            Self::Container
                | Self::Leaf
                | Self::LeafList
                | Self::List
                | Self::Choice
                | Self::Case
                | Self::Anydata
                | Self::Anyxml
                | Self::Rpc
                | Self::Action
                | Self::Notification
                | Self::Input
                | Self::Output
        )
    }
}
