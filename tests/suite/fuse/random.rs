//! Random types and values, derived from bytes so that proptest can shrink them.

use std::fmt::Write;

use airssys_wasm_host::wasmtime::component::{Type, Val};

/// A sequence of choices, which are 0 once the bytes are used up.
pub(crate) struct Choices<'a>(pub(crate) &'a [u8]);

impl Choices<'_> {
    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        *first
    }

    fn below(&mut self, end: usize) -> usize {
        usize::from(self.byte()) % end
    }

    fn number(&mut self) -> u64 {
        // Small numbers would hide lost bytes.
        u64::from_le_bytes(std::array::from_fn(|_| self.byte()))
    }

    fn text(&mut self) -> String {
        (0..self.below(5))
            .map(|_| ['a', 'ß', '€', '😀'][self.below(4)])
            .collect()
    }
}

/// A generator of types in WIT, with the definitions that they need.
#[derive(Default)]
pub(crate) struct WitGenerator {
    pub(crate) definitions: String,
    count: usize,
}

impl WitGenerator {
    pub(crate) fn ty(&mut self, choices: &mut Choices<'_>, depth: usize) -> String {
        const PLAIN: [&str; 13] = [
            "u8", "u32", "u64", "f32", "f64", "string", "bool", "char", "s8", "u16", "s16", "s32",
            "s64",
        ];
        let kinds = if depth == 0 { 15 } else { 21 };
        match choices.below(kinds) {
            plain @ 0..13 => PLAIN[plain].into(),
            13 => {
                let count = [1, 2, 256, 257][choices.below(4)];
                self.define("enum", (0..count).map(|n| format!("n{n}")).collect())
            }
            14 => {
                let count = 1 + choices.below(32);
                self.define("flags", (0..count).map(|n| format!("n{n}")).collect())
            }
            15 => format!("list<{}>", self.ty(choices, depth - 1)),
            16 => format!("option<{}>", self.ty(choices, depth - 1)),
            17 => format!(
                "result<{}, {}>",
                self.ty(choices, depth - 1),
                self.ty(choices, depth - 1)
            ),
            18 => format!(
                "tuple<{}>",
                self.parts(choices, depth, |_, ty| ty).join(", ")
            ),
            19 => {
                let parts = self.parts(choices, depth, |n, ty| format!("n{n}: {ty}"));
                self.define("record", parts)
            }
            _ => {
                let parts = self.parts(choices, depth, |n, ty| format!("n{n}({ty})"));
                self.define(
                    "variant",
                    parts.into_iter().chain(["nothing".into()]).collect(),
                )
            }
        }
    }

    fn parts(
        &mut self,
        choices: &mut Choices<'_>,
        depth: usize,
        write: impl Fn(usize, String) -> String,
    ) -> Vec<String> {
        (0..1 + choices.below(5))
            .map(|n| write(n, self.ty(choices, depth - 1)))
            .collect()
    }

    fn define(&mut self, word: &str, parts: Vec<String>) -> String {
        self.count += 1;
        let name = format!("named{}", self.count);
        writeln!(self.definitions, "{word} {name} {{ {} }}", parts.join(", "))
            .expect("writing to a string succeeds");
        name
    }
}

/// Returns a value of a type, never NaN, which is not equal to itself.
pub(crate) fn value(ty: &Type, choices: &mut Choices<'_>) -> Val {
    let boxed =
        |ty: Option<Type>, choices: &mut Choices<'_>| ty.map(|ty| Box::new(value(&ty, choices)));
    match ty {
        Type::Bool => Val::Bool(choices.below(2) == 1),
        Type::S8 => Val::S8(choices.number() as i8),
        Type::U8 => Val::U8(choices.number() as u8),
        Type::S16 => Val::S16(choices.number() as i16),
        Type::U16 => Val::U16(choices.number() as u16),
        Type::S32 => Val::S32(choices.number() as i32),
        Type::U32 => Val::U32(choices.number() as u32),
        Type::S64 => Val::S64(choices.number() as i64),
        Type::U64 => Val::U64(choices.number()),
        Type::Float32 => Val::Float32(
            Some(f32::from_bits(choices.number() as u32))
                .filter(|x| !x.is_nan())
                .unwrap_or(0.5),
        ),
        Type::Float64 => Val::Float64(
            Some(f64::from_bits(choices.number()))
                .filter(|x| !x.is_nan())
                .unwrap_or(0.5),
        ),
        Type::Char => Val::Char(['a', 'ß', '€', '😀'][choices.below(4)]),
        Type::String => Val::String(choices.text()),
        Type::List(list) => Val::List(
            (0..choices.below(4))
                .map(|_| value(&list.ty(), choices))
                .collect(),
        ),
        Type::Record(record) => Val::Record(
            record
                .fields()
                .map(|field| (field.name.into(), value(&field.ty, choices)))
                .collect(),
        ),
        Type::Tuple(tuple) => Val::Tuple(tuple.types().map(|ty| value(&ty, choices)).collect()),
        Type::Variant(variant) => {
            let index = choices.below(variant.cases().len());
            let case = variant.cases().nth(index).expect("a case");
            Val::Variant(case.name.into(), boxed(case.ty, choices))
        }
        Type::Enum(names) => {
            let index = choices.number() as usize % names.names().len();
            Val::Enum(names.names().nth(index).expect("a name").into())
        }
        Type::Option(option) => {
            let some = (choices.below(4) > 0).then(|| option.ty());
            Val::Option(boxed(some, choices))
        }
        Type::Result(result) => Val::Result(match choices.below(2) {
            0 => Ok(boxed(result.ok(), choices)),
            _ => Err(boxed(result.err(), choices)),
        }),
        Type::Flags(flags) => {
            let set = choices.number();
            let names = (0..)
                .zip(flags.names())
                .filter(|(bit, _)| set >> bit & 1 == 1);
            Val::Flags(names.map(|(_, name)| name.to_owned()).collect())
        }
        other => panic!("no values of {other:?}"),
    }
}
