//! The type of the function that the new component exports, in a WIT world.
//!
//! Types that need a name get one: names do not count where components meet. Tests:
//! `tests/compose.rs`.

use wit_parser::{
    Case, Docs, Enum, EnumCase, Field, Flag, Flags, Function, FunctionKind, Param, Record, Resolve, Result_,
    Stability, Tuple, Type as WitType, TypeDef, TypeDefKind, TypeOwner, Variant, World, WorldId, WorldItem,
    WorldKey,
};

use crate::world::{self, Type};

/// Exports a function from `world`, with the types it needs.
pub(super) fn export_function(
    resolve: &mut Resolve,
    world: WorldId,
    name: &str,
    params: &[world::Param],
    result: Option<&Type>,
) {
    let mut types = Types { resolve, world, named: Vec::new() };
    let params = params
        .iter()
        .map(|param| Param { name: param.name.clone(), ty: types.ty(&param.ty), span: Default::default() })
        .collect();
    let result = result.map(|ty| types.ty(ty));
    let function = Function {
        name: name.to_owned(),
        kind: FunctionKind::Freestanding,
        params,
        result,
        docs: Docs::default(),
        stability: Stability::default(),
        external_id: None,
        span: Default::default(),
    };
    let exports = &mut resolve.worlds[world].exports;
    exports.insert(WorldKey::Name(name.to_owned()), WorldItem::Function(function));
}

struct Types<'a> {
    resolve: &'a mut Resolve,
    world: WorldId,
    /// The types that have a name already.
    named: Vec<(Type, WitType)>,
}

impl Types<'_> {
    fn ty(&mut self, ty: &Type) -> WitType {
        match ty {
            Type::Bool => WitType::Bool,
            Type::U8 => WitType::U8,
            Type::U16 => WitType::U16,
            Type::U32 => WitType::U32,
            Type::U64 => WitType::U64,
            Type::S8 => WitType::S8,
            Type::S16 => WitType::S16,
            Type::S32 => WitType::S32,
            Type::S64 => WitType::S64,
            Type::F32 => WitType::F32,
            Type::F64 => WitType::F64,
            Type::Char => WitType::Char,
            Type::String => WitType::String,
            Type::List(item) => {
                let item = self.ty(item);
                self.unnamed(TypeDefKind::List(item))
            }
            Type::Option(some) => {
                let some = self.ty(some);
                self.unnamed(TypeDefKind::Option(some))
            }
            Type::Result { ok, err } => {
                let (ok, err) = (self.optional(ok.as_deref()), self.optional(err.as_deref()));
                self.unnamed(TypeDefKind::Result(Result_ { ok, err }))
            }
            Type::Tuple(types) => {
                let types = types.iter().map(|ty| self.ty(ty)).collect();
                self.unnamed(TypeDefKind::Tuple(Tuple { types }))
            }
            named => self.named(named),
        }
    }

    fn optional(&mut self, ty: Option<&Type>) -> Option<WitType> {
        ty.map(|ty| self.ty(ty))
    }

    /// A type that the world names: once, however often it is used.
    fn named(&mut self, ty: &Type) -> WitType {
        if let Some((_, known)) = self.named.iter().find(|(known, _)| known == ty) {
            return *known;
        }
        let kind = self.definition(ty);
        let name = self.free_name();
        let id = self.resolve.types.alloc(TypeDef {
            name: Some(name.clone()),
            owner: TypeOwner::World(self.world),
            ..definition(kind)
        });
        let imports = &mut self.resolve.worlds[self.world].imports;
        imports.insert(WorldKey::Name(name), WorldItem::Type { id, span: Default::default() });
        self.named.push((ty.clone(), WitType::Id(id)));
        WitType::Id(id)
    }

    fn definition(&mut self, ty: &Type) -> TypeDefKind {
        match ty {
            Type::Record(fields) => TypeDefKind::Record(Record {
                fields: fields
                    .iter()
                    .map(|field| Field {
                        name: field.name.clone(),
                        ty: self.ty(&field.ty),
                        docs: Docs::default(),
                        span: Default::default(),
                    })
                    .collect(),
            }),
            Type::Variant(cases) => TypeDefKind::Variant(Variant {
                cases: cases
                    .iter()
                    .map(|case| Case {
                        name: case.name.clone(),
                        ty: self.optional(case.ty.as_ref()),
                        docs: Docs::default(),
                        span: Default::default(),
                    })
                    .collect(),
            }),
            Type::Enum(names) => TypeDefKind::Enum(Enum {
                cases: names
                    .iter()
                    .map(|name| EnumCase {
                        name: name.clone(),
                        docs: Docs::default(),
                        span: Default::default(),
                    })
                    .collect(),
            }),
            Type::Flags(names) => TypeDefKind::Flags(Flags {
                flags: names
                    .iter()
                    .map(|name| Flag { name: name.clone(), docs: Docs::default(), span: Default::default() })
                    .collect(),
            }),
            other => unreachable!("`{other}` has no shape, and the plan refused it"),
        }
    }

    fn unnamed(&mut self, kind: TypeDefKind) -> WitType {
        WitType::Id(self.resolve.types.alloc(definition(kind)))
    }

    /// A name that no stage imports anything by.
    fn free_name(&self) -> String {
        let world: &World = &self.resolve.worlds[self.world];
        (self.named.len()..)
            .map(|number| format!("t{number}"))
            .find(|name| !world.imports.contains_key(&WorldKey::Name(name.clone())))
            .expect("there are more numbers than imports")
    }
}

fn definition(kind: TypeDefKind) -> TypeDef {
    TypeDef {
        name: None,
        kind,
        owner: TypeOwner::None,
        docs: Docs::default(),
        stability: Stability::default(),
        external_id: None,
        span: Default::default(),
    }
}
