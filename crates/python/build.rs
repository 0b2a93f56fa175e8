//! Python's own symbols are there when the module is loaded, not when it is linked; macOS must be told so.

fn main() {
    pyo3_build_config::add_extension_module_link_args();
}
