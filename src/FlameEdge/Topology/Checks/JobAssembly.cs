using FlameEdge.Topology.Reading;

namespace FlameEdge.Topology.Checks;

/// <summary>From draft to specification: checks everything, reports all of it at once, and builds only what is sound.</summary>
internal static class JobAssembly
{
    /// <param name="draft">The job as bound.</param>
    /// <param name="programs">Programs on board, for a job that is to run; null for one that is only expanded.</param>
    /// <param name="problems">Takes what is found.</param>
    /// <param name="rolesHere">The roles whose workers run here, and so need their programs here; null for all.</param>
    public static JobSpec? Assemble(JobDraft draft, IReadOnlySet<string>? programs, SpecProblems problems, IReadOnlySet<RoleName>? rolesHere)
    {
        var graph = new GraphIndex(draft, problems);
        ChannelChecks.Check(graph);
        AssociationDerivation.Derive(graph);
        AssociationChecks.Check(graph);
        DatasetChecks.Check(graph);
        GroupChecks.Check(graph);
        AggregationChecks.Check(graph);
        SelectionChecks.Check(graph);
        SamplingChecks.Check(graph);
        RingChecks.Check(graph);
        HybridChecks.Check(graph);
        CoordinationChecks.Check(graph);
        if (programs is not null)
        {
            ReplicaChecks.Check(graph);
            RunChecks.Check(graph, programs, rolesHere);
        }

        if (!problems.IsEmpty)
        {
            return null;
        }

        var job = Build(graph);
        TopicChecks.Check(graph, job);
        return problems.IsEmpty ? job : null;
    }

    private static JobSpec Build(GraphIndex graph)
    {
        var draft = graph.Job;
        return new()
        {
            Name = draft.Name,
            Title = draft.Title,
            Graph = new()
            {
                Roles = [.. draft.Roles.Select(role => BuildRole(graph, role))],
                Channels = [.. draft.Channels.Select(BuildChannel)],
            },
            Datasets = draft.Datasets,
            Evaluation = draft.Evaluation is { } evaluation ? new DatasetId(evaluation.Value) : null,
            Model = draft.Model,
            Training = draft.Training,
            Rounds = draft.Rounds,
            Optimizer = draft.OptimizerSpec,
            Robust = draft.Robust,
            Privacy = draft.Privacy,
            SecureAggregation = draft.SecureAggregation,
            Personal = draft.Personal,
            Sampler = draft.Sampler,
            Backend = BackendOf(draft.Backend) ?? "mqtt",
            Fleet = draft.Fleet,
            Canoe = draft.Canoe,
            Seed = draft.Seed,
        };
    }

    private static RoleSpec BuildRole(GraphIndex graph, RoleDraft role) => new()
    {
        Name = new(role.Name.Value),
        Program = role.Program?.Value ?? Programs.ThatFits(new(role.Name.Value), graph.TagsOf(role)),
        IsDataConsumer = role.IsDataConsumer,
        Replica = role.Replica,
        GroupAssociation = [.. role.Resolved.Select(association => association.Groups)],
        DatasetGroups = (role.DatasetGroups ?? []).ToDictionary(
            group => new GroupName(group.Group.Value),
            group => (IReadOnlyList<DatasetId>)[.. group.Datasets.Select(dataset => new DatasetId(dataset.Value))]),
        Needs = role.Needs,
        Settings = role.Settings,
    };

    private static ChannelSpec BuildChannel(ChannelDraft channel) => new()
    {
        Name = new(channel.Name.Value),
        Pair = (new(channel.Pair[0].Value), new(channel.Pair[1].Value)),
        Groups = [.. channel.Groups.Select(group => new GroupName(group.Value))],
        FunctionTags = channel.FunctionTags!.ToDictionary(
            entry => new RoleName(entry.Role.Value),
            entry => (IReadOnlyList<string>)[.. entry.Tags.Select(tag => tag.Value)]),
        Backend = BackendOf(channel.Backend),
        UpCodec = channel.UpCodec,
        DownCodec = channel.DownCodec,
        Selector = channel.SelectorSpec,
    };

    /// <summary>Of Flame's own backends p2p is direct here too; the others run over MQTT.</summary>
    private static string? BackendOf(LocatedName? backend) => backend?.Value switch
    {
        null => null,
        "p2p" => "tcp",
        var word => Vocabulary.Own.Backends.Contains(word) ? word : "mqtt",
    };
}
