namespace FlameEdge.Collaborative.Bench.Making;

/// <summary>The rows of one site, disjoint from every other site's and from every test row.</summary>
/// <param name="Classes">Classes of the site before any change.</param>
/// <param name="Before">Rows by class for what was learned before the change.</param>
/// <param name="After">Rows by class for what comes after it.</param>
/// <param name="Test">Test rows, ascending; null where site 0's serve.</param>
internal sealed record SitePool(IReadOnlyList<int> Classes, IReadOnlyList<int[]> Before, IReadOnlyList<int[]> After, IReadOnlyList<int>? Test);

/// <summary>What a seed of a dataset consists of.</summary>
internal sealed record SeedPools(StreamRoles Roles, IReadOnlyList<SitePool> Sites);
