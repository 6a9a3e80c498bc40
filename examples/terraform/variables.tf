variable "vms" {
  description = "The VMs of a plan by name: vms.tfvars.json, as `cloudplan orders plan.json --tfvars DIR` writes it."
  type = map(object({
    site            = string
    cluster         = string
    datastore       = string
    vcpus           = number
    memory_bytes    = number
    powered_on      = bool
    os              = optional(string, "")
    networks        = list(string)
    backup_policies = list(string)
    tags            = map(string)
    disks = list(object({
      size_bytes = number
      datastore  = string
    }))
  }))

  validation {
    condition     = alltrue([for vm in values(var.vms) : length(vm.disks) <= 60])
    error_message = "A VM takes 4 SCSI controllers of 15 disks each."
  }
}

variable "sites" {
  description = "The vCenter and the virtual datacenter of each zone of the plan, by their names at the provider."
  type = map(object({
    machine_manager = string
    datacenter      = string
  }))
}

variable "names" {
  description = "Names at the provider of clusters, datastores, networks and policies, by those of the plan, if they differ."
  type        = map(string)
  default     = {}
}

variable "templates" {
  description = "Item of a content library that VMs of an operating system are deployed from; disk 0 is the item's disk."
  type = map(object({
    content_library = string
    item            = string
  }))
  default = {}
}

variable "guest_operating_systems" {
  description = "What vSphere calls the operating systems of VMs that are made without a template."
  type        = map(string)
  default     = {}
}

variable "guest_operating_system" {
  description = "What vSphere calls the operating system of VMs of which nothing else is known."
  type        = string
  default     = "otherGuest64"
}

variable "power_on" {
  description = "Whether VMs that run in the plan are started; false until their disks hold something."
  type        = bool
  default     = true
}

variable "provisioning_type" {
  description = "How disks are provisioned: dynamic, staticImmediate or staticDiffered."
  type        = string
  default     = "dynamic"
}
