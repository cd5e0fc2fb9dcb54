from devgem.cli import main

main()
