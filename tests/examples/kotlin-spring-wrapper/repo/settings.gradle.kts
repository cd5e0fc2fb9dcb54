rootProject.name = "petshop"
