using FlameEdge.Topology.Reading;

namespace FlameEdge.Topology.Flame;

/// <summary>Binds Flame's schema, job, dataSpec and modelSpec. Its names are free text, and become names that can be topic levels.</summary>
internal sealed class FlameReader(SpecProblems problems)
{
    private readonly Naming naming = new(problems);

    public JobDraft Read(SpecMapping schemaNode, SpecMapping jobNode, SpecSequence dataSpec, SpecMapping? modelSpec, Dictionary<DatasetId, DatasetSpec> datasets)
    {
        var schema = new Fields(schemaNode, "schema", FlameKeys.Schema, problems);
        var job = new Fields(jobNode, "job", FlameKeys.Job, problems);
        var title = JobReader.Required(job, "name", "name the job");
        var model = new FlameModelSpec(modelSpec, problems);
        var dataGroups = FlameDataSpec.Read(dataSpec, problems);
        var draft = new JobDraft
        {
            Root = schemaNode,
            Words = Vocabulary.Flame,
            Title = title?.Text ?? "",
            Name = title is null ? default : new(naming.Loose(title, "job").Value),
            Datasets = datasets,
            Backend = Backend(JobReader.Required(job, "backend", "write mqtt")),
            Optimizer = model.Optimizer,
            OptimizerSpec = model.OptimizerSpec,
            Training = model.Training,
            Rounds = model.Rounds,
        };
        foreach (var role in Items(schema, "roles"))
        {
            ReadRole(draft, new Fields(role, "role", FlameKeys.Role, problems), dataGroups);
        }

        foreach (var channel in Items(schema, "channels"))
        {
            ReadChannel(draft, new Fields(channel, "channel", FlameKeys.Channel, problems), model);
        }

        foreach (var (role, (name, _)) in dataGroups.Where(entry => draft.Roles.TrueForAll(role => role.Name.Value != entry.Key)))
        {
            problems.Add(name, $"dataSpec: unknown role '{role}'; use a role of the schema{problems.Hint(role, draft.Roles.Select(known => known.Name.Value))}");
        }

        return draft;
    }

    private List<SpecMapping> Items(Fields schema, string key)
    {
        var items = schema.Sequence(key)?.Items ?? [];
        if (items.Count == 0)
        {
            problems.Add(schema[key] ?? schema.Node, $"schema: {key} is missing or empty; name at least one");
        }

        foreach (var item in items.Where(item => item is not SpecMapping))
        {
            problems.Add(item, $"schema: an item of {key} is {item.Kind}, but must be a mapping with a name");
        }

        return [.. items.OfType<SpecMapping>()];
    }

    private void ReadRole(JobDraft draft, Fields role, Dictionary<string, (SpecScalar Name, List<DatasetGroupDraft> Groups)> dataGroups)
    {
        if (JobReader.Required(role, "name", "name the role") is not { } name)
        {
            return;
        }

        var safe = naming.Free(name, "role");
        draft.Roles.Add(new(safe)
        {
            IsDataConsumer = role.Flag("isDataConsumer"),
            Replica = Replica(role),
            Associations = [.. (role.Sequence("groupAssociation")?.Items ?? []).Select(item => ReadAssociation(role, item)).OfType<AssociationDraft>()],
            DatasetGroups = dataGroups.TryGetValue(safe.Value, out var given) ? given.Groups : [],
        });
    }

    /// <summary>Flame counts anything below 1 as 1, and ignores the replicas of a data consumer.</summary>
    private static int Replica(Fields role) => Math.Max(1, role.Whole("replica", int.MinValue, 1_000_000) ?? 1);

    private static AssociationDraft? ReadAssociation(Fields role, SpecNode item)
    {
        if (item is SpecMapping mapping)
        {
            return new(mapping, [.. TopologyReader.Texts(role, "groupAssociation", mapping).Select(entry => (Naming.Mention(entry.Key), Naming.Mention(entry.Value)))]);
        }

        role.Wrong(item, "groupAssociation", "a list of mappings (channel: group)");
        return null;
    }

    private void ReadChannel(JobDraft draft, Fields channel, FlameModelSpec model)
    {
        if (JobReader.Required(channel, "name", "name the channel") is not { } name)
        {
            return;
        }

        draft.Channels.Add(new(naming.Free(name, "channel"))
        {
            Pair = [.. channel.Scalars("pair").Select(Naming.Mention)],
            PairNode = channel["pair"] ?? name,
            Groups = ReadGroups(channel),
            FunctionTags = [.. ReadTags(channel)],
            Backend = Backend(channel.Scalar("backend")),
            Selector = model.Selector,
            SelectorSpec = model.SelectorSpec,
        });
    }

    private List<LocatedName> ReadGroups(Fields channel)
    {
        if (channel.Mapping("groupBy") is not { } node)
        {
            return [new(GroupName.Default.Value, channel.Node)];
        }

        var fields = new Fields(node, "groupBy", FlameKeys.GroupBy, problems);
        fields.OneOf("type", ["tag"]);
        var groups = fields.Scalars("value").Select(value => naming.Free(value, "group")).ToList();
        return groups.Count == 0 ? [new(GroupName.Default.Value, node)] : groups;
    }

    private static IEnumerable<(LocatedName Role, IReadOnlyList<LocatedName> Tags)> ReadTags(Fields channel)
    {
        foreach (var (role, value) in channel.Mapping("funcTags")?.Entries ?? [])
        {
            if (SpecMapping.IsComment(role.Text))
            {
                continue;
            }

            var tags = value is SpecSequence list ? list.Items : [value];
            foreach (var wrong in tags.Where(tag => tag is not SpecScalar { IsNull: false }))
            {
                channel.Wrong(wrong, "funcTags", "a list of function tags by role");
            }

            yield return (Naming.Mention(role), [.. tags.OfType<SpecScalar>().Where(tag => !tag.IsNull).Select(LocatedName.Of)]);
        }
    }

    private LocatedName? Backend(SpecScalar? backend)
    {
        if (backend is null)
        {
            return null;
        }

        if (Vocabulary.Flame.Backends.Contains(backend.Text) && !Vocabulary.Own.Backends.Contains(backend.Text))
        {
            problems.Note($"backend '{backend.Text}' runs over {(backend.Text == "p2p" ? "tcp" : "mqtt")} here ({backend.Position})");
        }

        return LocatedName.Of(backend);
    }
}
