//! Tests of replacing the component in a stage.

use airssys_wasm_core::pipeline::ProblemKind;

use crate::components::{READ, TEXT, component, rich};

#[test]
fn a_replacement_is_checked_with_its_edges() {
    let pipeline = rich().build().expect("a pipeline");
    assert_eq!(pipeline.check_replacement("read", &component(READ)), Ok(()));
    let more =
        "record row { extra: u8, id: u64, kind: string, count: s32 } next: func() -> option<row>;";
    assert_eq!(pipeline.check_replacement("read", &component(more)), Ok(()));
    let errors = pipeline
        .check_replacement("read", &component(TEXT))
        .expect_err("another function");
    let kinds: Vec<_> = errors.iter().map(|problem| problem.kind()).collect();
    assert!(
        kinds.contains(&ProblemKind::Types) && kinds.contains(&ProblemKind::Condition),
        "{errors}"
    );
    let unknown = pipeline
        .check_replacement("raed", &component(READ))
        .expect_err("no such stage");
    assert!(
        unknown.to_string().contains("did you mean `read`?"),
        "{unknown}"
    );
}
