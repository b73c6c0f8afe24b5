//! The model of the switch: YANG modules written by hand for this project, compiled and asked by yang-schema.

use sha2::{Digest, Sha256};
use yang_schema::{
    CompileOptions, ModuleSet, Node as SchemaNode, NodeKind, Problem, Schema, Type, TypeKind, ValidateOptions,
};

use super::error::RpcError;
use super::shape::{Kind, Shape};
use super::tree::Node;
use super::xml::{self, NETCONF};

/// The compiled model.
#[derive(Debug)]
pub(crate) struct Model {
    schema: Schema,
    /// What the datastores must know of it.
    pub(crate) shape: Shape,
    /// Its modules, for yang-library and get-schema.
    pub(crate) modules: Vec<ModuleText>,
    /// Changes when the modules do.
    pub(crate) content_id: String,
}

/// One module of the model.
#[derive(Debug)]
pub(crate) struct ModuleText {
    pub(crate) name: String,
    pub(crate) revision: String,
    pub(crate) namespace: String,
    pub(crate) text: String,
}

impl Model {
    /// Compiles the modules of the IOS-XE dialect.
    pub(crate) fn ios_xe() -> Result<Self, yang_schema::Error> {
        Self::compile(device_dialect::IOS_XE_MODULES)
    }

    fn compile(texts: &[(&str, &str)]) -> Result<Self, yang_schema::Error> {
        let mut set = ModuleSet::new();
        let mut digest = Sha256::new();
        for (name, text) in texts {
            set.add_text(&format!("{name}.yang"), text)?;
            digest.update(text);
        }
        let schema = set.compile(&CompileOptions::new())?;
        let modules = texts.iter().filter_map(|(name, text)| {
            let module = schema.module(name)?;
            Some(ModuleText {
                name: (*name).to_owned(),
                revision: module.revision().unwrap_or_default().to_owned(),
                namespace: module.namespace().to_owned(),
                text: (*text).to_owned(),
            })
        });
        Ok(Self {
            modules: modules.collect(),
            shape: Shape::root(schema.root().data_children().filter_map(shape).collect()),
            content_id: hex::encode(&digest.finalize()[..16]),
            schema,
        })
    }

    /// Everything the model has against the content of an edit-config's `<config>`.
    pub(crate) fn check(&self, config: roxmltree::Node<'_, '_>) -> Vec<RpcError> {
        let problems = self.schema.validate_edit_config(config, &ValidateOptions::new());
        problems.into_iter().map(error).collect()
    }

    /// Everything the model has against a whole configuration.
    pub(crate) fn check_complete(&self, content: &Node) -> Vec<RpcError> {
        let text = format!("<config xmlns=\"{NETCONF}\">{}</config>", content.children_xml(NETCONF));
        match xml::parse(&text) {
            Ok(document) => {
                let options = ValidateOptions::new().config_only(true);
                let problems = self.schema.validate_data(document.root_element(), &options);
                problems.into_iter().map(error).collect()
            }
            Err(reason) => vec![RpcError::application("operation-failed", &reason)],
        }
    }
}

/// A problem as the switch reports it.
fn error(problem: Problem) -> RpcError {
    let allowed = problem.allowed.map(|allowed| format!("; expected {allowed}")).unwrap_or_default();
    let message = format!("{}{allowed}", problem.message);
    let mut error = RpcError::application(problem.error_tag.as_str(), &message);
    error.app_tag = problem.error_app_tag;
    error.path = Some((problem.path, problem.namespaces));
    let details = [
        ("bad-attribute", problem.bad_attribute),
        ("bad-element", problem.bad_element),
        ("bad-namespace", problem.bad_namespace),
    ];
    for (name, text) in details {
        if let Some(text) = text {
            error = error.info(name, &text);
        }
    }
    error
}

/// The shape of a schema node that is configuration.
fn shape(node: SchemaNode<'_>) -> Option<Shape> {
    if !node.is_config() {
        return None;
    }
    let kind = match node.kind() {
        NodeKind::Container => Kind::Container { presence: node.is_presence() },
        NodeKind::List => Kind::List {
            keys: node.keys().map(|key| key.name().to_owned()).collect(),
            ordered: node.is_user_ordered(),
        },
        NodeKind::Leaf => Kind::Leaf { verbatim: node.ty().is_none_or(|ty| is_text(&ty)) },
        NodeKind::LeafList => Kind::LeafList { ordered: node.is_user_ordered() },
        NodeKind::Anydata | NodeKind::Anyxml => Kind::Any,
        _ => return None,
    };
    Some(Shape {
        ns: node.namespace().to_owned(),
        name: node.name().to_owned(),
        kind,
        cases: cases(node),
        default: (node.kind() == NodeKind::Leaf)
            .then(|| node.defaults().first().map(|value| (*value).to_owned()))
            .flatten(),
        children: node.data_children().filter_map(shape).collect(),
    })
}

/// The choices between a data node and the data node above it, outermost first.
fn cases(node: SchemaNode<'_>) -> Vec<(String, String)> {
    let between =
        node.ancestors().take_while(|above| matches!(above.kind(), NodeKind::Choice | NodeKind::Case));
    let mut names: Vec<&str> = between.map(|above| above.name()).collect();
    names.reverse();
    // Choices and cases take turns; a node directly in a choice has an implied case of its own.
    names.chunks_exact(2).map(|pair| (pair[0].to_owned(), pair[1].to_owned())).collect()
}

/// Whether white space around a value of this type can be part of it.
fn is_text(ty: &Type<'_>) -> bool {
    match ty.kind() {
        TypeKind::String { .. } => true,
        TypeKind::Union(members) => members.iter().any(is_text),
        _ => false,
    }
}
