namespace FlameEdge.Topology.Reading;

/// <summary>Reads the entries under <c>datasets</c>: each makes one dataset, one per device, or one per part of a partition.</summary>
internal sealed class DatasetReader(Naming naming, string folder, ulong seed, SpecProblems problems)
{
    private readonly Dictionary<string, IReadOnlyList<SourceSpec>> pools = new(StringComparer.Ordinal);
    private readonly DatasetTable table = new(problems);

    public DatasetTable Read(SpecSequence? list)
    {
        var entries = new List<(SpecScalar Name, Fields? Fields)>();
        foreach (var item in list?.Items ?? [])
        {
            if (Entry(item) is { } entry)
            {
                entries.Add(entry);
                pools[entry.Name.Text] = entry.Fields is null ? [] : Sources(entry.Name, entry.Fields);
            }
        }

        // A second pass, since an entry may be standardized like one that stands below it.
        foreach (var (name, fields) in entries)
        {
            table.Add(name, Make(name, fields));
        }

        return table;
    }

    private (SpecScalar Name, Fields? Fields)? Entry(SpecNode item)
    {
        switch (item)
        {
            case SpecScalar { IsNull: false } name:
                return (name, null);
            case SpecMapping mapping:
                var fields = new Fields(mapping, "dataset", JobKeys.Dataset, problems);
                return JobReader.Required(fields, "name", "name the dataset") is { } given ? (given, fields) : null;
            default:
                problems.Add(item, $"an item of datasets is {item.Kind}, but must be a name or a mapping with a name");
                return null;
        }
    }

    private IReadOnlyList<DatasetSpec> Make(SpecScalar name, Fields? fields)
    {
        if (fields is null)
        {
            return [new() { Id = Id(name, name.Text) }];
        }

        var sources = pools[name.Text];
        var source = sources is [var first, ..] ? first : null;
        if (fields.Scalar("onBoard") is { } pattern)
        {
            return OnBoard(name, pattern, fields);
        }

        var isMerged = fields.Flag("merge");
        var devices = isMerged ? [] : fields.Scalars("devices");
        var standardize = new StandardizeReader(fields, pools, sources).Read();
        var drafts = new List<(string Original, DatasetSpec Dataset)>();
        if (devices.Count > 0)
        {
            if (fields["partition"] is { } partition)
            {
                problems.Add(partition, $"dataset '{name.Text}': partition cuts one source, but devices make several; remove one of them, or write merge: true");
            }

            for (var at = 0; at < devices.Count; at++)
            {
                var device = naming.Loose(devices[at], "device").Value;
                drafts.Add((devices[at].Text, new() { Id = new(device), Agent = new(device), Source = at < sources.Count ? sources[at] : null }));
            }
        }
        else if (fields.Mapping("partition") is { } cut)
        {
            drafts.AddRange(new PartitionReader(cut, seed, problems).Read().Select(part => (part.Suffix, new DatasetSpec
            {
                Id = Id(name, $"{name.Text}-{part.Suffix}"),
                Source = source,
                Part = part.Part,
            })));
        }
        else
        {
            drafts.Add((name.Text, new() { Id = Id(name, name.Text), Source = source }));
        }

        return new PerDataset(fields, naming, [.. drafts.Select(draft => (draft.Original, draft.Dataset with { Standardize = standardize }))]).Complete();
    }

    private IReadOnlyList<DatasetSpec> OnBoard(SpecScalar name, SpecScalar pattern, Fields fields)
    {
        if (fields.Node.Entries.FirstOrDefault(entry => entry.Key.Text is not ("name" or "onBoard" or "labels" or "description") && !SpecMapping.IsComment(entry.Key.Text)) is { Key: { } other })
        {
            problems.Add(other, $"dataset '{name.Text}': {other.Text} cannot stand beside onBoard, for the data and what it means lie on the devices; remove it");
        }

        if (!NamePattern.IsOne(pattern.Text))
        {
            fields.Wrong(pattern, "onBoard", "a dataset's name with * for any part of it, such as line-*");
        }

        return new PerDataset(fields, naming, [(name.Text, new DatasetSpec { Id = Id(name, name.Text), OnBoard = pattern.Text })]).Complete();
    }

    private SourceSpec[] Sources(SpecScalar name, Fields fields)
    {
        var source = new SourceReader(fields, folder).Read();
        var devices = fields.Scalars("devices");
        if (source is null || devices.Count == 0)
        {
            return source is null ? [] : [source];
        }

        if (source.Format != "vibration" && !source.Paths.Concat([source.LabelsPath ?? ""]).Any(path => path.Contains(SourceReader.DevicePlace, StringComparison.Ordinal)))
        {
            problems.Add(fields["path"] ?? fields["paths"] ?? name, $"dataset '{name.Text}': {SourceReader.DevicePlace} is missing in its path; write it where the device's name belongs");
        }

        var perDevice = devices.Select((device, index) => SourceReader.OfDevice(source, device.Text, index)).ToArray();
        if (!fields.Flag("merge"))
        {
            return perDevice;
        }

        return source.Format == "vibration" ? [source] : [source with { Paths = [.. perDevice.SelectMany(one => one.Paths)] }];
    }

    private DatasetId Id(SpecScalar at, string id)
    {
        naming.Exact(new(at.Position, id), "dataset");
        return new(id);
    }
}
