namespace FlameEdge.Control.Fleet;

/// <summary>Names a controller knows, posted under <c>fleet/{controller}/event</c> in as many pages as it takes: where a filter with a wildcard brings nothing that stands retained (RabbitMQ),
/// whoever comes late reads their notices by these names.</summary>
public sealed record FleetListing
{
    private const int NamesPerPage = 64;

    /// <summary>Agents, those that are lost included.</summary>
    public required IReadOnlyList<string> Agents { get; init; }

    /// <summary>Jobs, those that are over included.</summary>
    public required IReadOnlyList<string> Jobs { get; init; }

    /// <summary>All names, page by page; one empty page where there are none.</summary>
    public static IEnumerable<FleetListing> Pages(IEnumerable<string> agents, IEnumerable<string> jobs)
    {
        var names = agents.Select(name => (Name: name, IsAgent: true)).Concat(jobs.Select(name => (Name: name, IsAgent: false))).Chunk(NamesPerPage).DefaultIfEmpty([]);
        return names.Select(page => new FleetListing
        {
            Agents = [.. page.Where(entry => entry.IsAgent).Select(entry => entry.Name)],
            Jobs = [.. page.Where(entry => !entry.IsAgent).Select(entry => entry.Name)],
        });
    }
}
