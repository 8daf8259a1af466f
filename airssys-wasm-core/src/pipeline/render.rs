//! Diagrams of a pipeline: text for Mermaid and for Graphviz.
//!
//! Nodes are numbered, and all text from users is in labels, escaped.
//! Tests: `airssys-wasm-core/tests/pipeline/picture.rs`.

use std::fmt::Write as _;

use super::edge::{Edge, EdgeFilter, OutputPort};
use super::{ComponentPipeline, Stage};

impl ComponentPipeline {
    /// Returns the pipeline as a Mermaid flowchart.
    #[must_use]
    pub fn to_mermaid(&self) -> String {
        let mut text = String::from("flowchart LR\n");
        let mut line = |written: String| text += &format!("    {written}\n");
        for (index, stage) in self.stages().iter().enumerate() {
            let label = escape_mermaid(&stage_label(stage));
            line(if stage.is_source() {
                format!("s{index}([\"{label}\"])")
            } else {
                format!("s{index}[\"{label}\"]")
            });
        }
        for (index, input) in self.inputs().iter().enumerate() {
            let param = &self.stages()[input.stage].inputs()[input.param].name;
            line(format!(
                "in{index}((in)) -->|\"{}\"| s{}",
                escape_mermaid(&format!("{param}: {}", input.ty)),
                input.stage
            ));
        }
        for edge in self.edges() {
            let arrow = if edge.output_port() == OutputPort::Error {
                "-.->"
            } else {
                "-->"
            };
            line(format!(
                "s{} {arrow}|\"{}\"| s{}",
                edge.from(),
                escape_mermaid(&self.edge_label(edge)),
                edge.to()
            ));
        }
        for (index, output) in self.outputs().iter().enumerate() {
            line(format!(
                "s{} -->|\"{}\"| out{index}((out))",
                output.stage,
                escape_mermaid(&output.ty.to_string())
            ));
        }
        text
    }

    /// Returns the pipeline as a Graphviz graph.
    #[must_use]
    pub fn to_dot(&self) -> String {
        let mut text = format!(
            "digraph \"{}\" {{\n    rankdir=LR;\n",
            escape_dot(self.name().as_str())
        );
        let mut line = |written: String| text += &format!("    {written}\n");
        for (index, stage) in self.stages().iter().enumerate() {
            let shape = if stage.is_source() { "ellipse" } else { "box" };
            line(format!(
                "s{index} [label=\"{}\", shape={shape}];",
                escape_dot(&stage_label(stage))
            ));
        }
        for (index, input) in self.inputs().iter().enumerate() {
            let param = &self.stages()[input.stage].inputs()[input.param].name;
            line(format!("in{index} [label=\"in\", shape=circle];"));
            let label = escape_dot(&format!("{param}: {}", input.ty));
            line(format!(
                "in{index} -> s{} [label=\"{label}\"];",
                input.stage
            ));
        }
        for edge in self.edges() {
            let style = if edge.output_port() == OutputPort::Error {
                ", style=dashed"
            } else {
                ""
            };
            let label = escape_dot(&self.edge_label(edge));
            line(format!(
                "s{} -> s{} [label=\"{label}\"{style}];",
                edge.from(),
                edge.to()
            ));
        }
        for (index, output) in self.outputs().iter().enumerate() {
            line(format!("out{index} [label=\"out\", shape=circle];"));
            line(format!(
                "s{} -> out{index} [label=\"{}\"];",
                output.stage,
                escape_dot(&output.ty.to_string())
            ));
        }
        text + "}\n"
    }

    fn edge_label(&self, edge: &Edge) -> String {
        let param = &self.stages()[edge.to()].inputs()[edge.param()].name;
        let mut label = format!("{} to {param}: {}", edge.output_port().as_str(), edge.ty());
        write_route(&mut label, edge.filter());
        label
    }
}

/// Appends the condition or the share of an edge to its label.
pub(super) fn write_route(text: &mut String, route: &EdgeFilter) {
    let written = match route {
        EdgeFilter::Always => Ok(()),
        EdgeFilter::When(condition) => write!(text, " when {condition}"),
        EdgeFilter::Partition(share) => {
            let (place, targets) = (share.index() + 1, share.targets());
            match share.by().is_whole() {
                true => write!(text, " by value, share {place} of {targets}"),
                false => write!(text, " by `{}`, share {place} of {targets}", share.by()),
            }
        }
    };
    written.expect("writing to a string does not fail");
}

fn stage_label(stage: &Stage) -> String {
    format!("{}\n{}", stage.name(), stage.function().name)
}

/// Escapes text for Mermaid, which supports no escapes in quotes other than numeric entities.
fn escape_mermaid(text: &str) -> String {
    let escape = |c: char| match c {
        '\n' => "<br/>".to_owned(),
        '"' | '<' | '>' | '&' | '#' | '`' | '|' | '\\' => format!("#{};", u32::from(c)),
        c if c.is_control() => format!("#{};", u32::from(c)),
        c => c.to_string(),
    };
    text.chars().map(escape).collect()
}

fn escape_dot(text: &str) -> String {
    let escape = |c: char| match c {
        '\n' => "\\n".to_owned(),
        '"' => "\\\"".to_owned(),
        '\\' => "\\\\".to_owned(),
        c if c.is_control() => c.escape_unicode().to_string().replace('\\', "\\\\"),
        c => c.to_string(),
    };
    text.chars().map(escape).collect()
}
