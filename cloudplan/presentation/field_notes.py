"""What the fields of the files that people write are for: one sentence each, for JSON Schemas and for comments.

Types, ranges and defaults are not told here: those are the models'.
"""

from collections.abc import Mapping

from pydantic import BaseModel

from cloudplan.prices.book import Discount, PriceBook
from cloudplan.sales.terms import ExtraLine, Party, Terms
from cloudplan.workload import workload

FORMAT = "The format of this file; it is always this text."

NOTES: Mapping[type[BaseModel], Mapping[str, str]] = {
    workload.Workload: {
        "schema": FORMAT,
        "name": "Name of the workload, on every output.",
        "customer": "Who the quote is for; copied to the plan, never computed with.",
        "region": "Region of all sites.",
        "catalog": "Edition of the catalogue that this file is pinned to; `--catalog` wins over it.",
        "term_months": "Commitment in months; it picks the discounts of the price book.",
        "sites": "Availability zones of the region.",
        "policy": "How the estate is run.",
        "backup_policies": "Backup policies by name, for `backup` of a group; what they leave out is policy.backup's.",
        "extras": "Further items of the catalogue, passed through to the bill.",
        "vms": "The VMs. One entry is a group of identical ones.",
        "inventory": "Where the workload was imported from; written by `cloudplan import`.",
    },
    workload.Customer: {
        "organization": "Organisation.",
        "tenant": "Tenant.",
        "contact": "Who answers for the customer.",
        "lang": "Language of quotes and reports.",
    },
    workload.Contact: {"name": "Name.", "email": "Address for mail.", "phone": "Telephone."},
    workload.Sites: {
        "primary": "Zone where VMs run unless they name a site.",
        "standby": "Zone where protected VMs of the primary site start again; not the primary.",
        "backup": "Zone where backups stand; without it another one than that of the VMs.",
    },
    workload.Policy: {
        "vcpu_per_core": "vCPUs sold on one physical core.",
        "memory_ceiling": "Share of the memory that VMs may use, on a host and in a cluster; may be lowered only.",
        "memory_model": "Whether memory beyond 128 GiB a blade is billed, or all of it is included.",
        "host_memory_reserve_gib": "GiB of each blade that VMs cannot have.",
        "host_failures": "Hosts of a cluster that may be lost at once: 1 is N+1; 0 costs the SLA.",
        "blades": "Blades that may be used.",
        "max_clusters": "Most clusters at a site, all pools and standby VMs together.",
        "snapshot_headroom": "Share of a datastore that is kept free for snapshots; may be raised only.",
        "datastore_max_gib": "Largest datastore in GiB; may be lowered only.",
        "min_datastores": "Least number of datastores at each site with a cluster.",
        "vswp": "Where swap files stand: `home` (beside disk 0), `auto` (the cheaper place) or a storage class.",
        "standby": "Part of CPU and memory that protected VMs hold at the standby site.",
        "backup": "Backup of VMs that name no policy.",
    },
    workload.Standby: {"vcpu_share": "Share of the CPU.", "memory_share": "Share of the memory."},
    workload.BackupPolicy: {
        "daily": "Daily points kept.",
        "weekly": "Weekly points kept.",
        "monthly": "Monthly points kept.",
        "yearly": "Yearly points kept.",
        "change_rate": "Share of the data that changes in a day.",
        "reduction": "Factor of compression and deduplication on the backup side.",
    },
    workload.Extra: {
        "sku": "SKU of an extra of the edition, with (region) or with the region.",
        "quantity": "How many, in the unit of the SKU.",
        "site": "Zone of the bill line; without it the primary site.",
    },
    workload.VmGroup: {
        "name": "Name of the group, unique.",
        "count": "VMs in the group.",
        "names": "Names of the VMs, one each, unique in the file.",
        "vcpus": "vCPUs of one VM.",
        "memory_gib": "Memory of one VM in GiB.",
        "gpus": "Whole physical GPUs of one VM.",
        "min_ghz": "Base frequency in GHz that the blade must reach.",
        "vcpu_per_core": "vCPUs sold on one physical core, for this group.",
        "blades": "Blades that this group may use, of those of the policy.",
        "site": "Zone where the group runs.",
        "pool": "Groups of different pools never share a cluster.",
        "anti_affinity": "A label: no two VMs that bear it run on one host.",
        "affinity": "A label: all VMs that bear it run on one host.",
        "powered_on": "`false`: no CPU, memory or GPU; disks, replica, licence and backup still count.",
        "encrypted": "Encryption by HSM or KMS, in editions that sell it; not for VMs that are replicated.",
        "disks": "Disks of one VM; the first one is its home.",
        "protection": "What is needed when a site is lost, with sites.standby; without it the VMs are not replicated.",
        "backup": "A name of `backup_policies`, or a policy; without it policy.backup.",
    },
    workload.Disk: {
        "size_gib": "Size in GiB, as provisioned.",
        "class": "Storage class of the edition; without it the cheapest flash class that works.",
        "iops": "Peak IOPS that the disk must be able to draw; not on mass storage.",
        "mbps": "Peak MB/s; counts in editions with a ceiling of bandwidth.",
        "used_gib": "GiB actually written, which are backed up; without it the size.",
        "replicated": "`false`: the disk stays behind when the VM is protected; not for the first disk.",
        "constant_writes": "`true`: a snapshot of it never closes; no backup, and no VM replication.",
        "backup": "`false`: the disk is left out of backup; the backup access of the VM is billed all the same.",
    },
    workload.Protection: {
        "rpo": "Most data, in time, that may be lost.",
        "rto": "Longest time until the VM runs again.",
        "mechanism": "Asks for a mechanism by name; `metro-mirror` is recognised and refused.",
    },
    workload.Inventory: {
        "files": "Files that were read.",
        "ledger": "What became of their rows.",
        "warnings": "What the import warned of.",
    },
    workload.InventoryFile: {"name": "Name of the file.", "sha256": "SHA-256 of the file."},
    workload.LedgerLine: {
        "step": "What was done.",
        "reason": "Why.",
        "touched": "Rows that were touched.",
        "rows": "Rows added or, below 0, taken away; likewise the next.",
        "vcpus": "vCPUs.",
        "memory_mib": "Memory in MiB.",
        "disks": "Disks.",
        "disk_mib": "Disks in MiB.",
    },
    PriceBook: {
        "schema": FORMAT,
        "name": "Name of the book, on every output.",
        "currency": "Currency, three capital letters.",
        "illustrative": "`true`: every output says that the prices are invented and are not an offer.",
        "valid_from": "First day of the prices.",
        "valid_until": "Last day of the prices.",
        "items": "Price of one unit for one month, before discounts, by SKU; one without a price is not on offer.",
        "discounts": "Discounts; for each SKU the largest that matches counts.",
    },
    Discount: {
        "match": "Pattern of SKUs; `*` is any text.",
        "percent": "12.5 is 12.5 %.",
        "min_term_months": "Least commitment in months.",
    },
    Terms: {
        "schema": FORMAT,
        "number": "Number of the quote.",
        "revision": "Revision of the quote.",
        "reference": "What the quote answers to.",
        "issued": "Day of issue; `--issued` wins. It is never taken from the clock.",
        "valid_until": "Last day of the offer, not before the day of issue; `--valid-until` wins.",
        "issuer": "Who offers.",
        "customer": "Who is offered to; without it the customer of the workload.",
        "discount": "Commercial discount on every line of the plan: 0.05 is 5 %.",
        "vat_rate": "Value-added tax on the net totals: 0.2 is 20 %.",
        "billing": "How it is billed.",
        "payment": "When it is paid.",
        "mentions": "Legal mentions.",
        "lines": "Lines beside the plan; the discount does not touch them.",
    },
    Party: {
        "name": "Name.",
        "address": "Address.",
        "registration": "Registration, such as a SIREN.",
        "vat_number": "Number for value-added tax.",
        "contact": "Who answers.",
    },
    ExtraLine: {
        "label": "What it is.",
        "kind": "`included` counts in the totals, `optional` and `alternative` do not.",
        "one_off": "`true`: once; `false`: every month.",
        "quantity": "How many.",
        "unit": "Of what.",
        "unit_price": "Price of one, net of tax.",
    },
}
"""By model, the note of each field under its name in the file."""
