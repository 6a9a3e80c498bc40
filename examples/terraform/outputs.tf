output "virtual_machines" {
  description = "The identifiers of the VMs, by name."
  value       = { for name, vm in cloudtemple_compute_virtual_machine.this : name => vm.id }
}
