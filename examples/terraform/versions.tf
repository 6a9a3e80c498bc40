terraform {
  required_version = ">= 1.3"

  required_providers {
    cloudtemple = {
      source  = "Cloud-Temple/cloudtemple"
      version = "~> 1.10"
    }
  }
}

# Who may log in comes from the environment: CLOUDTEMPLE_CLIENT_ID and CLOUDTEMPLE_SECRET_ID. No file here has a secret.
