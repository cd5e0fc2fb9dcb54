import { useEffect } from "react";
import { navigate, paths } from "../../lib/route";

/** Where a button in a README leads: what would be deployed is shown first. */
export function ConsentPage({ search }: { search: URLSearchParams }) {
  const repository = search.get("repo") ?? "";
  useEffect(() => navigate(paths.newApp(repository), { replace: true }), [repository]);
  return null;
}
