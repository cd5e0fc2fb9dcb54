import click


@click.command()
def main():
    print("tidy")


if __name__ == "__main__":
    main()
