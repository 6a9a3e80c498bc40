# VMs, controllers, disks and network adapters of a plan, on the clusters and datastores that were ordered for it.

locals {
  clusters   = { for name, sites in { for vm in values(var.vms) : vm.cluster => vm.site... } : name => sites[0] }
  datastores = { for name, sites in { for place in local.places : place.datastore => place.site... } : name => sites[0] }
  places     = flatten([for vm in values(var.vms) : [for disk in vm.disks : { datastore = disk.datastore, site = vm.site }]])
  policies   = toset(flatten([for vm in values(var.vms) : vm.backup_policies]))

  # A network is another object in each zone. Names are free text, so keys of two names are lists, written as JSON.
  networks = {
    for key, found in {
      for pair in flatten([for vm in values(var.vms) : [for name in vm.networks : { site = vm.site, name = name }]]) :
      jsonencode([pair.site, pair.name]) => pair...
    } : key => found[0]
  }
  adapters = merge([
    for vm, it in var.vms : {
      for name in it.networks : jsonencode([vm, name]) => { vm = vm, network = jsonencode([it.site, name]) }
    }
  ]...)

  # A VM whose operating system has a template has disk 0 from it; all other disks are resources of their own.
  templated = { for vm, it in var.vms : vm => contains(keys(var.templates), it.os) }
  disks = merge([
    for vm, it in var.vms : {
      for index, disk in it.disks : "${vm}/${index}" => {
        vm = vm, size_bytes = disk.size_bytes, datastore = disk.datastore, controller = "${vm}/${floor(index / 15)}"
      } if index > 0 || !local.templated[vm]
    }
  ]...)
  controllers = { for key, vms in { for disk in values(local.disks) : disk.controller => disk.vm... } : key => vms[0] }
}

data "cloudtemple_compute_machine_manager" "this" {
  for_each = var.sites
  name     = each.value.machine_manager
}

data "cloudtemple_compute_virtual_datacenter" "this" {
  for_each           = var.sites
  name               = each.value.datacenter
  machine_manager_id = data.cloudtemple_compute_machine_manager.this[each.key].id
}

data "cloudtemple_compute_host_cluster" "this" {
  for_each      = local.clusters
  name          = lookup(var.names, each.key, each.key)
  datacenter_id = data.cloudtemple_compute_virtual_datacenter.this[each.value].id
}

data "cloudtemple_compute_datastore" "this" {
  for_each      = local.datastores
  name          = lookup(var.names, each.key, each.key)
  datacenter_id = data.cloudtemple_compute_virtual_datacenter.this[each.value].id
}

data "cloudtemple_compute_network" "this" {
  for_each      = local.networks
  name          = lookup(var.names, each.value.name, each.value.name)
  datacenter_id = data.cloudtemple_compute_virtual_datacenter.this[each.value.site].id
}

data "cloudtemple_backup_sla_policy" "this" {
  for_each = local.policies
  name     = lookup(var.names, each.key, each.key)
}

data "cloudtemple_compute_content_library" "this" {
  for_each = toset([for template in values(var.templates) : template.content_library])
  name     = each.key
}

data "cloudtemple_compute_content_library_item" "this" {
  for_each           = var.templates
  content_library_id = data.cloudtemple_compute_content_library.this[each.value.content_library].id
  name               = each.value.item
}

resource "cloudtemple_compute_virtual_machine" "this" {
  for_each = var.vms

  name                 = each.key
  cpu                  = each.value.vcpus
  num_cores_per_socket = 1
  memory               = each.value.memory_bytes
  power_state          = var.power_on && each.value.powered_on ? "on" : "off"

  datacenter_id   = data.cloudtemple_compute_virtual_datacenter.this[each.value.site].id
  host_cluster_id = data.cloudtemple_compute_host_cluster.this[each.value.cluster].id
  datastore_id    = data.cloudtemple_compute_datastore.this[each.value.datastore].id

  content_library_id = (
    local.templated[each.key]
    ? data.cloudtemple_compute_content_library_item.this[each.value.os].content_library_id : null
  )
  content_library_item_id = (
    local.templated[each.key]
    ? data.cloudtemple_compute_content_library_item.this[each.value.os].id : null
  )
  guest_operating_system_moref = (
    local.templated[each.key]
    ? null : lookup(var.guest_operating_systems, each.value.os, var.guest_operating_system)
  )

  dynamic "os_disk" {
    for_each = local.templated[each.key] ? [each.value.disks[0]] : []
    content {
      capacity  = os_disk.value.size_bytes
      disk_mode = "persistent"
    }
  }

  backup_sla_policies = [for name in each.value.backup_policies : data.cloudtemple_backup_sla_policy.this[name].id]
  tags                = each.value.tags
}

resource "cloudtemple_compute_virtual_controller" "this" {
  for_each = local.controllers

  virtual_machine_id = cloudtemple_compute_virtual_machine.this[each.value].id
  type               = "SCSI"
  sub_type           = "ParaVirtual"
}

resource "cloudtemple_compute_virtual_disk" "this" {
  for_each = local.disks

  virtual_machine_id = cloudtemple_compute_virtual_machine.this[each.value.vm].id
  controller_id      = cloudtemple_compute_virtual_controller.this[each.value.controller].id
  datastore_id       = data.cloudtemple_compute_datastore.this[each.value.datastore].id
  capacity           = each.value.size_bytes
  disk_mode          = "persistent"
  provisioning_type  = var.provisioning_type

  # The provider would replace a disk whose datastore changes, and lose what is on it. A later plan may place it anew:
  # move the disk at the console, it stays here.
  lifecycle {
    ignore_changes = [datastore_id, controller_id]
  }
}

resource "cloudtemple_compute_network_adapter" "this" {
  for_each = local.adapters

  virtual_machine_id = cloudtemple_compute_virtual_machine.this[each.value.vm].id
  network_id         = data.cloudtemple_compute_network.this[each.value.network].id
  type               = "VMXNET3"
  auto_connect       = true
}
