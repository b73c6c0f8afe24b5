//! A device's own list of its modules: ietf-yang-library as RFC 7895 (`modules-state`) and RFC 8525 (`yang-library`)
//! have it.

use std::collections::BTreeMap;

use roxmltree::Node as Xml;

use crate::module_set::{CompileOptions, Features};
use crate::sources::Wanted;

/// The namespace of ietf-yang-library.
pub const YANG_LIBRARY_NAMESPACE: &str = "urn:ietf:params:xml:ns:yang:ietf-yang-library";

/// One module of a device.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct LibraryModule {
    /// Name.
    pub name: String,
    /// Revision, `2024-07-01`; `None` if the module states none.
    pub revision: Option<String>,
    /// Whether the device has its nodes; otherwise other modules only use its definitions.
    pub implemented: bool,
    /// The features it has.
    pub features: Vec<String>,
    /// Its submodules.
    pub submodules: Vec<Wanted>,
}

/// A device's modules.
///
/// ```xml
/// <modules-state xmlns="urn:ietf:params:xml:ns:yang:ietf-yang-library">
///   <module><name>ietf-interfaces</name><revision>2018-02-20</revision><feature>if-mib</feature>
///     <conformance-type>implement</conformance-type></module>
/// </modules-state>
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
#[non_exhaustive]
pub struct Library {
    /// The modules, in the device's order, each name and revision once.
    pub modules: Vec<LibraryModule>,
    /// Changes when the modules do (`content-id`, or `module-set-id` of RFC 7895).
    pub content_id: Option<String>,
}

impl Library {
    /// What stands in the filter of a `<get>` to read it.
    pub const FILTER: &'static str = "<modules-state xmlns=\"urn:ietf:params:xml:ns:yang:ietf-yang-library\"/>\
         <yang-library xmlns=\"urn:ietf:params:xml:ns:yang:ietf-yang-library\"/>";

    /// Reads it from anything that has it inside: a `<data>` element, an `<rpc-reply>`. Empty if there is none.
    #[must_use]
    pub fn read(reply: Xml<'_, '_>) -> Self {
        let mut library = Self::default();
        for top in reply.descendants().filter(|node| is(*node, "modules-state") || is(*node, "yang-library"))
        {
            let id = text(top, "content-id").or_else(|| text(top, "module-set-id"));
            library.content_id = id.or(library.content_id);
            let old = is(top, "modules-state");
            let sets = top.children().filter(|node| is(*node, "module-set"));
            for list in sets.chain(old.then_some(top)) {
                for element in list.children() {
                    let listed = if is(element, "module") { true } else { is(element, "import-only-module") };
                    if listed && let Some(module) = module(element) {
                        library.add(module);
                    }
                }
            }
        }
        library
    }

    fn add(&mut self, module: LibraryModule) {
        let known = self
            .modules
            .iter_mut()
            .find(|known| known.name == module.name && known.revision == module.revision);
        match known {
            // a device of both RFCs lists everything twice
            Some(known) => {
                known.implemented |= module.implemented;
                for feature in module.features {
                    if !known.features.contains(&feature) {
                        known.features.push(feature);
                    }
                }
                if known.submodules.is_empty() {
                    known.submodules = module.submodules;
                }
            }
            None => self.modules.push(module),
        }
    }

    /// How to compile the modules to what the device has: its features, its implemented modules, and leniently,
    /// since devices' lists and modules are not always at one.
    #[must_use]
    pub fn options(&self) -> CompileOptions {
        let implemented = self.modules.iter().filter(|module| module.implemented);
        let features: BTreeMap<String, Vec<String>> =
            implemented.clone().map(|module| (module.name.clone(), module.features.clone())).collect();
        CompileOptions::new()
            .features(Features::Exactly(features))
            .implement(implemented.map(|module| module.name.clone()))
            .lenient(true)
    }

    /// A module's revision, by its name or a submodule's; the implemented one if there are several.
    #[must_use]
    pub fn revision_of(&self, name: &str) -> Option<&str> {
        let mut named: Vec<&LibraryModule> =
            self.modules.iter().filter(|module| module.name == name).collect();
        named.sort_by_key(|module| !module.implemented);
        let module = named.first().and_then(|module| module.revision.as_deref());
        module.or_else(|| {
            let submodules = self.modules.iter().flat_map(|module| &module.submodules);
            submodules
                .filter(|(submodule, _)| submodule == name)
                .find_map(|(_, revision)| revision.as_deref())
        })
    }
}

fn module(element: Xml<'_, '_>) -> Option<LibraryModule> {
    // RFC 7895 lists one entry for each conformance, RFC 8525 has two lists
    let imported =
        is(element, "import-only-module") || text(element, "conformance-type").as_deref() == Some("import");
    let all = |name: &'static str| element.children().filter(move |node| is(*node, name));
    Some(LibraryModule {
        name: text(element, "name")?,
        revision: text(element, "revision"),
        implemented: !imported,
        features: all("feature").filter_map(word).collect(),
        submodules: all("submodule")
            .filter_map(|node| Some((text(node, "name")?, text(node, "revision"))))
            .collect(),
    })
}

fn is(node: Xml<'_, '_>, name: &str) -> bool {
    node.has_tag_name((YANG_LIBRARY_NAMESPACE, name))
}

fn text(parent: Xml<'_, '_>, name: &str) -> Option<String> {
    parent.children().find(|node| is(*node, name)).and_then(word)
}

/// An element's text without white space around it; `None` if nothing is left.
fn word(node: Xml<'_, '_>) -> Option<String> {
    node.text().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(inner: &str) -> Library {
        let xml = format!("<data><x/>{inner}</data>").replace("YL", YANG_LIBRARY_NAMESPACE);
        Library::read(roxmltree::Document::parse(&xml).unwrap().root_element())
    }

    const OLD: &str = "<modules-state xmlns='YL'><module-set-id>7</module-set-id>\
        <module><name>a</name><revision>2024-01-01</revision><feature>f</feature><conformance-type>implement</conformance-type>\
        <submodule><name>a-sub</name><revision>2023-01-01</revision></submodule></module>\
        <module><name>t</name><revision/><conformance-type>import</conformance-type></module></modules-state>";
    const NEW: &str = "<yang-library xmlns='YL'><module-set><name>all</name>\
        <module><name>a</name><revision>2024-01-01</revision><feature>f</feature><feature>g</feature></module>\
        <import-only-module><name>t</name></import-only-module></module-set><content-id>8</content-id></yang-library>";

    #[test]
    fn both_forms_are_read_and_modules_listed_twice_are_one() {
        let old = read(OLD);
        assert_eq!(old.content_id.as_deref(), Some("7"));
        assert_eq!(old.modules.len(), 2);
        assert!(old.modules[0].implemented && !old.modules[1].implemented);
        assert_eq!(old.modules[1].revision, None);
        let both = read(&format!("{OLD}{NEW}"));
        assert_eq!(both.content_id.as_deref(), Some("8"));
        assert_eq!(both.modules.len(), 2);
        assert_eq!(both.modules[0].features, ["f", "g"]);
        assert_eq!(both.revision_of("a-sub"), Some("2023-01-01"));
        assert_eq!(both.revision_of("b"), None);
        assert_eq!(read(""), Library::default());
    }

    #[test]
    fn a_schema_has_only_the_devices_features_and_modules() {
        let options = read(NEW).options();
        assert_eq!(options.implement, Some(vec!["a".to_owned()]));
        assert!(options.lenient);
        let Features::Exactly(features) = options.features else { panic!("{options:?}") };
        assert_eq!(features["a"], ["f", "g"]);
    }
}
