using FlameEdge.Topology.Reading;

namespace FlameEdge.Topology.Checks;

/// <summary>Roles and channels by name, and which stand where. Of two with the same name the first is kept and the second reported.</summary>
internal sealed class GraphIndex
{
    private readonly Dictionary<string, RoleDraft> roles = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ChannelDraft> channels = new(StringComparer.Ordinal);
    private readonly Dictionary<string, HashSet<string>> groups = new(StringComparer.Ordinal);

    public GraphIndex(JobDraft job, SpecProblems problems)
    {
        Job = job;
        Problems = problems;
        foreach (var role in job.Roles.Where(role => !roles.TryAdd(role.Name.Value, role)))
        {
            problems.Add(role.Name.Node, $"two roles are named '{role.Name.Value}'; rename one of them");
        }

        foreach (var channel in job.Channels.Where(channel => !channels.TryAdd(channel.Name.Value, channel)))
        {
            problems.Add(channel.Name.Node, $"two channels are named '{channel.Name.Value}'; rename one of them");
        }
    }

    public JobDraft Job { get; }

    public SpecProblems Problems { get; }

    public IReadOnlyCollection<RoleDraft> Roles => roles.Values;

    public IReadOnlyCollection<ChannelDraft> Channels => channels.Values;

    public IEnumerable<string> RoleNames => roles.Keys;

    public IEnumerable<string> ChannelNames => channels.Keys;

    public RoleDraft? Role(string name) => roles.GetValueOrDefault(name);

    public ChannelDraft? Channel(string name) => channels.GetValueOrDefault(name);

    /// <summary>The channels whose pair holds the role, in the order of the file.</summary>
    public IReadOnlyList<ChannelDraft> ChannelsOf(RoleDraft role) =>
        [.. Channels.Where(channel => channel.Pair.Any(end => end.Value == role.Name.Value))];

    /// <summary>The allowed groups of a channel. Asked for only after groups that come from labels are known.</summary>
    public HashSet<string> GroupsOf(ChannelDraft channel)
    {
        if (!groups.TryGetValue(channel.Name.Value, out var allowed))
        {
            allowed = new(channel.Groups.Select(group => group.Value), StringComparer.Ordinal);
            groups.Add(channel.Name.Value, allowed);
        }

        return allowed;
    }

    /// <summary>The tags a role carries over all its channels.</summary>
    public IEnumerable<string> TagsOf(RoleDraft role) =>
        Channels.SelectMany(channel => channel.FunctionTags ?? []).Where(entry => entry.Role.Value == role.Name.Value).SelectMany(entry => entry.Tags).Select(tag => tag.Value);
}
