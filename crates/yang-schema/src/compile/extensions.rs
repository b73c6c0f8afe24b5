//! Statements that extensions define: the prefix must be that of an import, and the module have the extension.

use std::collections::HashSet;

use super::Compiler;
use crate::schema::{ModuleId, StmtRef, module_id};
use crate::syntax::Kw;

impl Compiler<'_> {
    pub(super) fn check_extensions(&mut self) {
        let sources = self.sources;
        let defined: HashSet<(ModuleId, &str)> = self
            .top_level(Kw::ExtensionDef)
            .into_iter()
            .map(|(module, at)| (module, sources[usize::from(at.file)].arg(at.stmt)))
            .collect();
        let mut faults = HashSet::new();
        for (index, source) in sources.iter().enumerate() {
            let file = module_id(index);
            if self.is_left_out(file) {
                continue;
            }
            let all = source.stmts.iter().zip(0_u32..).filter(|(stmt, _)| stmt.kw == Kw::Extension);
            for (_, stmt) in all {
                let keyword = source.keyword(stmt);
                let (prefix, name) = keyword.split_once(':').unwrap_or_default();
                let module = self.schema.prefixes[index].get(prefix).copied();
                let is_known = module.is_some_and(|module| defined.contains(&(module, name)));
                // said once for each file: a vendor's module may have thousands
                if !is_known && faults.insert((file, keyword)) {
                    let at = StmtRef { file, stmt };
                    match module {
                        None => {
                            self.error(at, format!("prefix {prefix} is not that of an import that is loaded"))
                        }
                        Some(_) => self.error(at, format!("extension {keyword} is not defined")),
                    }
                }
            }
        }
    }
}
