namespace FlameEdge.Topology.Reading;

/// <summary>Reads the roles and channels of our own format.</summary>
internal sealed class TopologyReader(JobDraft draft, Naming naming, DatasetTable datasets, SpecProblems problems)
{
    public void Read(SpecMapping node)
    {
        var fields = new Fields(node, "topology", JobKeys.Topology, problems);
        foreach (var item in Items(fields, "roles"))
        {
            ReadRole(new Fields(item, "role", JobKeys.Role, problems));
        }

        foreach (var item in Items(fields, "channels"))
        {
            ReadChannel(new Fields(item, "channel", JobKeys.Channel, problems));
        }
    }

    private List<SpecMapping> Items(Fields topology, string key)
    {
        var items = topology.Sequence(key)?.Items ?? [];
        if (items.Count == 0)
        {
            problems.Add(topology[key] ?? topology.Node, $"topology: {key} is missing or empty; name at least one");
        }

        foreach (var item in items.Where(item => item is not SpecMapping))
        {
            problems.Add(item, $"topology: an item of {key} is {item.Kind}, but must be a mapping with a name");
        }

        return [.. items.OfType<SpecMapping>()];
    }

    private void ReadRole(Fields role)
    {
        if (JobReader.Required(role, "name", "name the role") is not { } name)
        {
            return;
        }

        var isDataConsumer = role.Flag("isDataConsumer");
        if (isDataConsumer && role["replica"] is { } replica)
        {
            problems.Add(replica, $"role '{name.Text}': replica has no meaning for a role that consumes data (one worker per dataset); remove it");
        }

        var program = role.Scalar("program") is { } scalar ? naming.Exact(scalar, "program") : (LocatedName?)null;
        draft.Roles.Add(new(naming.Exact(name, "role"))
        {
            IsDataConsumer = isDataConsumer,
            Replica = role.Whole("replica", 1, 1_000_000) ?? 1,
            Program = program,
            Associations = role.Sequence("groupAssociation") is { } associations ? ReadAssociations(role, associations) : null,
            Datasets = role["datasets"] is { } list and not SpecMapping ? Mentions(role, list) : null,
            DatasetGroups = role["datasets"] is SpecMapping byGroup ? ReadDatasetGroups(role, byGroup) : null,
            Needs = FleetReader.Needs(role.Mapping("needs"), problems),
            Settings = ReadSettings(role.Mapping("settings"), name.Text, program),
        });
    }

    private static List<AssociationDraft> ReadAssociations(Fields role, SpecSequence list)
    {
        var associations = new List<AssociationDraft>();
        foreach (var item in list.Items)
        {
            if (item is SpecMapping mapping)
            {
                associations.Add(new(mapping, [.. Texts(role, "groupAssociation", mapping).Select(entry => (LocatedName.Of(entry.Key), LocatedName.Of(entry.Value)))]));
            }
            else
            {
                role.Wrong(item, "groupAssociation", "a list of mappings (channel: group)");
            }
        }

        return associations;
    }

    private List<DatasetGroupDraft> ReadDatasetGroups(Fields role, SpecMapping byGroup) =>
        [.. byGroup.Entries
            .Where(entry => !SpecMapping.IsComment(entry.Key.Text))
            .Select(entry => new DatasetGroupDraft(LocatedName.Of(entry.Key), Mentions(role, entry.Value)))];

    private List<LocatedName> Mentions(Fields role, SpecNode list)
    {
        IReadOnlyList<SpecNode> items = list is SpecSequence sequence ? sequence.Items : [list];
        var names = new List<LocatedName>(items.Count);
        foreach (var item in items)
        {
            if (item is SpecScalar { IsNull: false } scalar)
            {
                names.AddRange(datasets.MentionAll(scalar));
            }
            else
            {
                role.Wrong(item, "datasets", "a list of dataset names, or such lists by group");
            }
        }

        return names;
    }

    private Dictionary<string, string> ReadSettings(SpecMapping? node, string role, LocatedName? program)
    {
        if (node is null)
        {
            return [];
        }

        // A program of somebody's own may read keys of its own, but those of training mean the same to every program.
        var isOwn = program is { } named && !Programs.BuiltIn.Contains(named.Value);
        var more = Programs.SettingsOf(program?.Value);
        var known = new SpecMapping(node.Position, node.Entries.Where(entry => isOwn ? JobKeys.Training.Contains(entry.Key.Text) : !more.Contains(entry.Key.Text)));

        // Bound once to be checked; the text is kept, because it only replaces what it names.
        SettingsReader.Training(known, new(), $"settings of role '{role}'", problems);
        foreach (var (key, value) in node.Entries.Except(known.Entries).Where(entry => entry.Value is not SpecScalar && !SpecMapping.IsComment(entry.Key.Text)))
        {
            problems.Add(value, $"settings of role '{role}': {key.Text} is {value.Kind}, but must be a single value");
        }

        return node.Entries.Where(entry => entry.Value is SpecScalar { IsNull: false } && !SpecMapping.IsComment(entry.Key.Text))
            .GroupBy(entry => entry.Key.Text, StringComparer.Ordinal)
            .ToDictionary(entries => entries.Key, entries => ((SpecScalar)entries.First().Value).Text, StringComparer.Ordinal);
    }

    private void ReadChannel(Fields channel)
    {
        if (JobReader.Required(channel, "name", "name the channel") is not { } name)
        {
            return;
        }

        var (groups, label) = ReadGroups(channel);
        var (up, down) = new CodecReader($"channel '{name.Text}'", problems).Read(channel["codec"]);
        var (selector, selectorSpec) = new SelectorReader($"channel '{name.Text}'", problems).Read(channel["selector"]);
        draft.Channels.Add(new(naming.Exact(name, "channel"))
        {
            Pair = [.. channel.Scalars("pair").Select(LocatedName.Of)],
            PairNode = channel["pair"] ?? name,
            Groups = groups,
            GroupLabel = label,
            FunctionTags = channel.Mapping("funcTags") is { } tags ? ReadTags(channel, tags) : null,
            Backend = channel.Scalar("backend") is { } backend ? LocatedName.Of(backend) : null,
            UpCodec = up,
            DownCodec = down,
            Selector = selector,
            SelectorSpec = selectorSpec,
        });
    }

    private (IReadOnlyList<LocatedName> Groups, LocatedName? Label) ReadGroups(Fields channel)
    {
        if (channel["groupBy"] is not SpecMapping node)
        {
            var names = channel.Scalars("groupBy");
            return (names.Count == 0 ? [new(GroupName.Default.Value, channel.Node)] : [.. names.Select(name => naming.Exact(name, "group"))], null);
        }

        var fields = new Fields(node, "groupBy", JobKeys.GroupBy, problems);
        fields.OneOf("type", ["tag", "label"]);
        if (fields.Scalar("label") is { } label)
        {
            return ([], LocatedName.Of(label));
        }

        var values = fields.Scalars("value");
        if (values.Count == 0)
        {
            problems.Add(node, "groupBy: value is missing; list the groups, or name the label of the datasets that makes them");
        }

        return ([.. values.Select(value => naming.Exact(value, "group"))], null);
    }

    private static List<(LocatedName Role, IReadOnlyList<LocatedName> Tags)> ReadTags(Fields channel, SpecMapping node)
    {
        var tags = new List<(LocatedName, IReadOnlyList<LocatedName>)>();
        foreach (var entry in node.Entries.Where(entry => !SpecMapping.IsComment(entry.Key.Text)))
        {
            var list = entry.Value is SpecSequence sequence ? sequence.Items : [entry.Value];
            foreach (var wrong in list.Where(item => item is not SpecScalar { IsNull: false }))
            {
                channel.Wrong(wrong, "funcTags", "a list of function tags by role");
            }

            tags.Add((LocatedName.Of(entry.Key), [.. list.OfType<SpecScalar>().Where(tag => !tag.IsNull).Select(LocatedName.Of)]));
        }

        return tags;
    }

    /// <summary>The entries of a mapping of texts; others are reported.</summary>
    internal static IEnumerable<(SpecScalar Key, SpecScalar Value)> Texts(Fields fields, string key, SpecMapping mapping)
    {
        foreach (var (name, value) in mapping.Entries.Where(entry => !SpecMapping.IsComment(entry.Key.Text)))
        {
            if (value is SpecScalar { IsNull: false } scalar)
            {
                yield return (name, scalar);
            }
            else
            {
                fields.Wrong(value, key, $"single values by name ('{name.Text}')");
            }
        }
    }
}
