//! Creates the streams of a file, which end with the permit of their descriptor.
//!
//! Tests: `tests/suite/capabilities/files.rs`, `tests/suite/capabilities/revoke.rs`.

use std::sync::Arc;

use wasmtime::component::Resource;
use wasmtime_wasi::filesystem::Descriptor;
use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode;
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, FsError, FsResult};

use super::charge::WriteCharge;
use super::charged_stream;
use super::descriptor_operation::DescriptorOperation;
use super::input::FileInput;
use super::instance_files::FilesView;
use super::output::{FileOutput, WritePosition};
use crate::capability::stream::{ReadWait, guard_input, guard_output};

impl FilesView<'_> {
    /// Returns a stream that reads a file from `offset` onwards while its permit holds.
    pub(super) fn input_stream(
        &mut self,
        fd: &Resource<Descriptor>,
        operation: DescriptorOperation<'_>,
        offset: u64,
    ) -> FsResult<Resource<DynInputStream>> {
        let opened = self.descriptor(fd)?;
        let lease = opened.lease.clone();
        // A FIFO or a device may stay silent until its other end writes.
        let wait = if opened.is_special() {
            ReadWait::Unlimited
        } else {
            ReadWait::Short
        };
        let slots = &self.context.revision.blocking_slots;
        let check = self.context.start_check(operation.permits());
        let input = FileInput::new(operation.file()?, lease, offset, slots, check, wait);
        let stream = self.table.push(Box::new(input) as DynInputStream)?;
        let (authority, call) = (self.context.authority, self.context.call);
        guard_input(self.table, &stream, authority, operation.permit, call, wait)
            .map_err(FsError::trap)?;
        Ok(stream)
    }

    /// Returns a stream that writes to a file while its permit holds and its quota is not used up.
    pub(super) fn output_stream(
        &mut self,
        fd: &Resource<Descriptor>,
        operation: DescriptorOperation<'_>,
        position: WritePosition,
    ) -> FsResult<Resource<DynOutputStream>> {
        let lease = self.descriptor(fd)?.lease.clone();
        let Descriptor::File(file) = &operation.descriptor else {
            return Err(ErrorCode::BadDescriptor.into());
        };
        if file.perms.write_not_permitted() {
            return Err(ErrorCode::NotPermitted.into());
        }
        let context = self.context;
        let slots = &context.revision.blocking_slots;
        let check = context.start_check(operation.permits());
        let output = FileOutput::new(file, lease, position, slots, check);
        let charge = context.quota(&operation.permit).map(|quota| WriteCharge {
            quota: Arc::clone(quota),
            file: Arc::clone(&file.file),
            authority: Arc::clone(context.authority),
            operation: operation.permit.operation().clone(),
            call: context.call,
        });
        let stream = match charge {
            None => self.table.push(Box::new(output) as DynOutputStream)?,
            Some(charge) => {
                let output = Box::new(output.with_charge(charge.clone())) as DynOutputStream;
                let stream = self.table.push(output)?;
                charged_stream::bound(self.table, &stream, charge, slots).map_err(FsError::trap)?;
                stream
            }
        };
        guard_output(
            self.table,
            &stream,
            context.authority,
            operation.permit,
            context.call,
        )
        .map_err(FsError::trap)?;
        Ok(stream)
    }
}
