//! The imports of the new component: the union of the imports of the stages, each interface once.
//!
//! Decodes the worlds of the stages as WIT and merges them; two stages may use different functions
//! of one interface. Contradictions are found when the new component is validated.
//! Tests: `airssys-wasm-core/tests/fuse/cases.rs`, `tests/suite/fuse`.

use std::collections::BTreeSet;

use wit_component::{DecodedWasm, StringEncoding};
use wit_parser::{CloneMaps, InterfaceId, PackageName, Resolve, WorldId, WorldItem};

use super::{Chain, FuseError};

/// Returns a world with the merged imports, encoded as the bytes of a component that defines only
/// this type.
pub(super) fn merged_world(chain: &Chain) -> Result<Vec<u8>, FuseError> {
    let mut resolve = Resolve::default();
    let package = resolve.push_source("fused.wit", "package fused:fused; world fused {}");
    let package = package.map_err(FuseError::merge_failed)?;
    let world = resolve.packages[package].worlds["fused"];
    let mut known = BTreeSet::new();
    for (number, stage) in chain.stages.iter().enumerate() {
        if known.insert(stage.component.digest().to_string()) {
            merge_imports(&mut resolve, world, number, stage.component.bytes())?;
        }
    }
    wit_component::metadata::encode(&resolve, world, StringEncoding::UTF8, None)
        .map_err(FuseError::merge_failed)
}

/// Merges the imports of one stage.
fn merge_imports(
    resolve: &mut Resolve,
    world: WorldId,
    number: usize,
    bytes: &[u8],
) -> Result<(), FuseError> {
    let decoded = wit_component::decode(bytes).map_err(FuseError::merge_failed)?;
    let DecodedWasm::Component(mut stage, from) = decoded else {
        return Err(FuseError::merge_failed("a WIT package cannot be a stage"));
    };
    isolate_imports(&mut stage, from, number);
    let map = resolve.merge(stage).map_err(FuseError::merge_failed)?;
    let from = map
        .map_world(from, Default::default())
        .map_err(FuseError::merge_failed)?;
    resolve
        .merge_worlds(from, world, &mut CloneMaps::default())
        .map_err(FuseError::merge_failed)
}

/// Removes everything but the imports from a stage's world, and renames whatever two stages could
/// define differently under the same name.
fn isolate_imports(stage: &mut Resolve, world: WorldId, number: usize) {
    stage.worlds[world].exports.clear();
    let imported: BTreeSet<InterfaceId> = stage.worlds[world]
        .imports
        .values()
        .filter_map(|item| match item {
            WorldItem::Interface { id, .. } => Some(*id),
            _ => None,
        })
        .collect();
    for (_, package) in &mut stage.packages {
        for (name, id) in std::mem::take(&mut package.interfaces) {
            let name = if imported.contains(&id) {
                name
            } else {
                format!("stage{number}-{name}")
            };
            stage.interfaces[id].name = Some(name.clone());
            package.interfaces.insert(name, id);
        }
    }
    if let Some(package) = stage.worlds[world].package {
        let name = PackageName {
            namespace: "fused".into(),
            name: format!("stage{number}"),
            version: None,
        };
        stage
            .package_names
            .swap_remove(&stage.packages[package].name);
        stage.package_names.insert(name.clone(), package);
        stage.packages[package].name = name;
    }
}
