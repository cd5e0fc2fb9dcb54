// the release is carried here
