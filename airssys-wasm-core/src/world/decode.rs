//! Converts a decoded WIT package to a [`World`].
//!
//! Tests: `airssys-wasm-core/src/component/bytes.rs`.

use std::cell::Cell;
use std::fmt;

use wit_parser::{
    FunctionKind, Handle, InterfaceId, Resolve, Type as WitType, TypeDefKind, TypeId, TypeOwner,
    WorldId, WorldItem, WorldKey,
};

use super::{Case, Field, Function, Interface, InterfaceName, Param, Type, World, WorldSide};
use crate::FunctionName;

/// The maximum size of all types with every use of a named type expanded, counted in parts of types
/// and bytes of their names. All of WASI takes a hundredth of it.
const SIZE_MAX: usize = 1_000_000;

/// The error for types that exceed the maximum size.
#[derive(Debug)]
pub(crate) struct WorldTooLarge;

impl fmt::Display for WorldTooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "its types expand to more than {SIZE_MAX} parts and characters; make them smaller"
        )
    }
}

/// Converts the world `id` of `resolve`.
pub(crate) fn decode(resolve: &Resolve, id: WorldId) -> Result<World, WorldTooLarge> {
    let decoder = WorldDecoder {
        resolve,
        budget: Cell::new(SIZE_MAX),
    };
    let world = &resolve.worlds[id];
    let world = World {
        imports: decoder.side(world.imports.iter()),
        exports: decoder.side(world.exports.iter()),
    };
    if decoder.budget.get() == 0 {
        Err(WorldTooLarge)
    } else {
        Ok(world)
    }
}

struct WorldDecoder<'a> {
    resolve: &'a Resolve,
    /// The remaining size budget; nothing is expanded once it is used up.
    budget: Cell<usize>,
}

impl WorldDecoder<'_> {
    fn side<'a>(&self, items: impl Iterator<Item = (&'a WorldKey, &'a WorldItem)>) -> WorldSide {
        let mut side = WorldSide::default();
        for (key, item) in items {
            match item {
                WorldItem::Interface { id, .. } => side.interfaces.push(self.interface(key, *id)),
                WorldItem::Function(function) => side.functions.push(self.function(None, function)),
                WorldItem::Type { .. } => {}
            }
        }
        side
    }

    fn interface(&self, key: &WorldKey, id: InterfaceId) -> Interface {
        let name = self.resolve.name_world_key(key);
        let interface = &self.resolve.interfaces[id];
        let resources = interface
            .types
            .iter()
            .filter(|(_, id)| matches!(self.resolve.types[**id].kind, TypeDefKind::Resource))
            .map(|(name, _)| name.clone())
            .collect();
        let functions = interface
            .functions
            .values()
            .map(|function| self.function(Some(&name), function))
            .collect();
        Interface {
            name: InterfaceName::new(&name),
            functions,
            resources,
        }
    }

    fn function(&self, interface: Option<&str>, function: &wit_parser::Function) -> Function {
        Function {
            name: FunctionName::from_parts(interface, &function.name),
            params: function
                .params
                .iter()
                .map(|param| Param {
                    name: param.name.clone(),
                    ty: self.ty(&param.ty),
                })
                .collect(),
            result: function.result.as_ref().map(|ty| self.ty(ty)),
            is_async_func: is_async(&function.kind),
        }
    }

    fn ty(&self, ty: &WitType) -> Type {
        match ty {
            WitType::Bool => Type::Bool,
            WitType::U8 => Type::U8,
            WitType::U16 => Type::U16,
            WitType::U32 => Type::U32,
            WitType::U64 => Type::U64,
            WitType::S8 => Type::S8,
            WitType::S16 => Type::S16,
            WitType::S32 => Type::S32,
            WitType::S64 => Type::S64,
            WitType::F32 => Type::F32,
            WitType::F64 => Type::F64,
            WitType::Char => Type::Char,
            WitType::String => Type::String,
            WitType::ErrorContext => Type::ErrorContext,
            WitType::Id(id) => self.defined(*id),
        }
    }

    /// Charges the cost of expanding a type to the budget. Returns `false` if the budget is used
    /// up.
    fn charge(&self, kind: &TypeDefKind) -> bool {
        let names: usize = match kind {
            TypeDefKind::Record(record) => {
                record.fields.iter().map(|field| field.name.len() + 1).sum()
            }
            TypeDefKind::Variant(variant) => {
                variant.cases.iter().map(|case| case.name.len() + 1).sum()
            }
            TypeDefKind::Enum(e) => e.cases.iter().map(|case| case.name.len() + 1).sum(),
            TypeDefKind::Flags(flags) => flags.flags.iter().map(|flag| flag.name.len() + 1).sum(),
            TypeDefKind::Tuple(tuple) => tuple.types.len(),
            _ => 0,
        };
        self.budget.set(self.budget.get().saturating_sub(names + 1));
        self.budget.get() > 0
    }

    fn defined(&self, id: TypeId) -> Type {
        if !self.charge(&self.resolve.types[id].kind) {
            // The result is discarded.
            return Type::Bool;
        }
        match &self.resolve.types[id].kind {
            TypeDefKind::Type(ty) => self.ty(ty),
            TypeDefKind::List(ty) => Type::List(self.boxed(ty)),
            TypeDefKind::FixedLengthList(ty, length) => {
                Type::FixedLengthList(self.boxed(ty), *length)
            }
            TypeDefKind::Map(key, value) => Type::Map(self.boxed(key), self.boxed(value)),
            TypeDefKind::Option(ty) => Type::Option(self.boxed(ty)),
            TypeDefKind::Result(result) => Type::Result {
                ok: self.optional(result.ok.as_ref()),
                err: self.optional(result.err.as_ref()),
            },
            TypeDefKind::Tuple(tuple) => {
                Type::Tuple(tuple.types.iter().map(|ty| self.ty(ty)).collect())
            }
            TypeDefKind::Record(record) => Type::Record(
                record
                    .fields
                    .iter()
                    .map(|field| Field {
                        name: field.name.clone(),
                        ty: self.ty(&field.ty),
                    })
                    .collect(),
            ),
            TypeDefKind::Variant(variant) => Type::Variant(
                variant
                    .cases
                    .iter()
                    .map(|case| Case {
                        name: case.name.clone(),
                        ty: case.ty.as_ref().map(|ty| self.ty(ty)),
                    })
                    .collect(),
            ),
            TypeDefKind::Enum(e) => {
                Type::Enum(e.cases.iter().map(|case| case.name.clone()).collect())
            }
            TypeDefKind::Flags(flags) => {
                Type::Flags(flags.flags.iter().map(|flag| flag.name.clone()).collect())
            }
            TypeDefKind::Handle(Handle::Own(id)) => Type::Own(self.resource(*id)),
            TypeDefKind::Handle(Handle::Borrow(id)) => Type::Borrow(self.resource(*id)),
            TypeDefKind::Resource => Type::Own(self.resource(id)),
            TypeDefKind::Stream(ty) => Type::Stream(self.optional(ty.as_ref())),
            TypeDefKind::Future(ty) => Type::Future(self.optional(ty.as_ref())),
            TypeDefKind::Unknown => unreachable!("a resolved package has no unknown types"),
        }
    }

    fn boxed(&self, ty: &WitType) -> Box<Type> {
        Box::new(self.ty(ty))
    }

    fn optional(&self, ty: Option<&WitType>) -> Option<Box<Type>> {
        ty.map(|ty| self.boxed(ty))
    }

    /// Returns `interface.resource`, with the interface without its version: compatible versions of
    /// an interface have the same resources.
    fn resource(&self, id: TypeId) -> String {
        let mut id = id;
        while let TypeDefKind::Type(WitType::Id(next)) = self.resolve.types[id].kind {
            id = next;
        }
        let definition = &self.resolve.types[id];
        let name = definition.name.as_deref().unwrap_or("resource");
        match definition.owner {
            TypeOwner::Interface(id) => match self.resolve.id_of(id) {
                Some(interface) => format!("{}.{name}", InterfaceName::new(&interface).path()),
                None => name.to_owned(),
            },
            TypeOwner::World(_) | TypeOwner::None => name.to_owned(),
        }
    }
}

fn is_async(kind: &FunctionKind) -> bool {
    matches!(
        kind,
        FunctionKind::AsyncFreestanding
            | FunctionKind::AsyncMethod(_)
            | FunctionKind::AsyncStatic(_)
    )
}
