//! Encodes types, and types of functions, into a component.
//!
//! Records, variants, enums and flags must have a name if an imported or exported function uses
//! them. They get one by being imported as equal to their definition, which demands nothing from
//! the provider of the import.
//! Tests: `airssys-wasm-core/tests/fuse`.

use std::collections::{BTreeMap, BTreeSet};

use wasm_encoder::{
    ComponentBuilder, ComponentDefinedTypeEncoder, ComponentTypeRef, ComponentValType,
    PrimitiveValType, TypeBounds,
};

use crate::world::{Param, Type};

/// The types that have been encoded into a component.
pub(super) struct TypeEncoder {
    naming: TypeNaming,
    /// The indices of types by their WIT text, which is equal only for equal types.
    known: BTreeMap<String, u32>,
    /// The types that have a name, in order.
    pub(super) named: Vec<(String, Type)>,
}

enum TypeNaming {
    /// Imported under any name that is not taken.
    Imported {
        taken: BTreeSet<String>,
    },
    Nameless,
}

impl TypeEncoder {
    /// Creates an empty set of types that get names other than those in `taken`.
    pub(super) fn with_names(taken: BTreeSet<String>) -> Self {
        Self {
            naming: TypeNaming::Imported { taken },
            known: BTreeMap::new(),
            named: Vec::new(),
        }
    }

    /// Creates an empty set of types without names.
    pub(super) fn without_names() -> Self {
        Self {
            naming: TypeNaming::Nameless,
            known: BTreeMap::new(),
            named: Vec::new(),
        }
    }

    /// Encodes the type of a function and returns its index.
    pub(super) fn encode_function(
        &mut self,
        builder: &mut ComponentBuilder,
        params: &[Param],
        result: Option<&Type>,
    ) -> u32 {
        let params: Vec<_> = params
            .iter()
            .map(|param| (param.name.as_str(), self.encode_value(builder, &param.ty)))
            .collect();
        let result = result.map(|ty| self.encode_value(builder, ty));
        let (index, mut function) = builder.type_function(None);
        function.params(params).result(result);
        index
    }

    /// Encodes a type and returns its index, by which other types and arguments of instances refer
    /// to it.
    pub(super) fn encode_indexed(&mut self, builder: &mut ComponentBuilder, ty: &Type) -> u32 {
        match self.encode_value(builder, ty) {
            ComponentValType::Type(index) => index,
            ComponentValType::Primitive(plain) => {
                let (index, encoder) = builder.type_defined(None);
                encoder.primitive(plain);
                index
            }
        }
    }

    fn encode_value(&mut self, builder: &mut ComponentBuilder, ty: &Type) -> ComponentValType {
        if let Some(plain) = primitive(ty) {
            return ComponentValType::Primitive(plain);
        }
        let text = ty.to_string();
        if let Some(known) = self.known.get(&text) {
            return ComponentValType::Type(*known);
        }
        let mut index = self.define(builder, ty);
        if needs_name(ty)
            && let Some(name) = self.free_name()
        {
            index = builder.import(name.as_str(), ComponentTypeRef::Type(TypeBounds::Eq(index)));
            self.named.push((name, ty.clone()));
        }
        self.known.insert(text, index);
        ComponentValType::Type(index)
    }

    fn define(&mut self, builder: &mut ComponentBuilder, ty: &Type) -> u32 {
        // Parts must be defined before the type that contains them.
        let parts: Vec<Option<ComponentValType>> = parts(ty)
            .into_iter()
            .map(|part| part.map(|part| self.encode_value(builder, part)))
            .collect();
        let (index, encoder) = builder.type_defined(None);
        encode(encoder, ty, &parts);
        index
    }

    /// Returns a free name for a type, if types get names.
    fn free_name(&mut self) -> Option<String> {
        let TypeNaming::Imported { taken } = &mut self.naming else {
            return None;
        };
        let name = (self.named.len()..)
            .map(|number| format!("t{number}"))
            .find(|name| !taken.contains(name));
        taken.extend(name.clone());
        name
    }
}

fn needs_name(ty: &Type) -> bool {
    matches!(
        ty,
        Type::Record(_) | Type::Variant(_) | Type::Enum(_) | Type::Flags(_)
    )
}

/// Returns the direct parts of a type, in order.
fn parts(ty: &Type) -> Vec<Option<&Type>> {
    match ty {
        Type::List(ty) | Type::Option(ty) => vec![Some(ty)],
        Type::Result { ok, err } => vec![ok.as_deref(), err.as_deref()],
        Type::Tuple(types) => types.iter().map(Some).collect(),
        Type::Record(fields) => fields.iter().map(|field| Some(&field.ty)).collect(),
        Type::Variant(cases) => cases.iter().map(|case| case.ty.as_ref()).collect(),
        _ => Vec::new(),
    }
}

fn encode(encoder: ComponentDefinedTypeEncoder<'_>, ty: &Type, parts: &[Option<ComponentValType>]) {
    let present = || parts.iter().copied().flatten();
    match ty {
        Type::Record(fields) => {
            encoder.record(
                fields
                    .iter()
                    .map(|field| field.name.as_str())
                    .zip(present())
                    .collect::<Vec<_>>(),
            );
        }
        Type::Variant(cases) => {
            encoder.variant(
                cases
                    .iter()
                    .zip(parts)
                    .map(|(case, part)| (case.name.as_str(), *part)),
            );
        }
        Type::Enum(names) => encoder.enum_type(names.iter().map(String::as_str)),
        Type::Flags(names) => encoder.flags(names.iter().map(String::as_str)),
        Type::Tuple(_) => encoder.tuple(present().collect::<Vec<_>>()),
        Type::Result { .. } => encoder.result(parts[0], parts[1]),
        Type::List(_) | Type::Option(_) => match (ty, parts) {
            (Type::List(_), [Some(item)]) => encoder.list(*item),
            (_, [Some(some)]) => encoder.option(*some),
            _ => unreachable!("a list and an option have one part"),
        },
        other => unreachable!("the plan refused `{other}`, which has no shape"),
    }
}

fn primitive(ty: &Type) -> Option<PrimitiveValType> {
    Some(match ty {
        Type::Bool => PrimitiveValType::Bool,
        Type::U8 => PrimitiveValType::U8,
        Type::S8 => PrimitiveValType::S8,
        Type::U16 => PrimitiveValType::U16,
        Type::S16 => PrimitiveValType::S16,
        Type::U32 => PrimitiveValType::U32,
        Type::S32 => PrimitiveValType::S32,
        Type::U64 => PrimitiveValType::U64,
        Type::S64 => PrimitiveValType::S64,
        Type::F32 => PrimitiveValType::F32,
        Type::F64 => PrimitiveValType::F64,
        Type::Char => PrimitiveValType::Char,
        Type::String => PrimitiveValType::String,
        _ => return None,
    })
}
