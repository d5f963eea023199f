using System.Globalization;

namespace FlameEdge.Topology.Reading;

/// <summary>Reads how an entry's rows are cut: one <see cref="PartSpec"/> per part, with the end of its dataset's name.</summary>
internal sealed class PartitionReader(SpecMapping node, ulong jobSeed, SpecProblems problems)
{
    private const int MaxParts = 1_000_000;
    private static readonly string[] Kinds = ["iid", "blocks", "modulo", "shards", "dirichlet", "column"];
    private readonly Fields fields = new(node, "partition", JobKeys.Partition, problems);

    public IEnumerable<(string Suffix, PartSpec Part)> Read()
    {
        if (JobReader.Required(fields, "kind", $"use {string.Join(", ", Kinds)}") is null || fields.OneOf("kind", Kinds) is not { } kind)
        {
            return [];
        }

        Belongs("shardsPerPart", kind is "shards", "shards");
        Belongs("alpha", kind is "dirichlet", "dirichlet");
        Belongs("column", kind is "column", "column");
        Belongs("values", kind is "column", "column");
        var part = new PartSpec
        {
            Kind = kind,
            ShardsPerPart = fields.Whole("shardsPerPart", 1) ?? 2,
            Alpha = fields.Number("alpha", value => value > 0, "a number above 0") ?? 0.5,
            Seed = Seed(),
        };
        return kind == "column" ? ByColumn(part) : ByNumber(part);
    }

    private IEnumerable<(string Suffix, PartSpec Part)> ByNumber(PartSpec part)
    {
        var parts = fields.Whole("parts", 1, MaxParts);
        if (parts is null && fields["parts"] is null)
        {
            problems.Add(node, "partition: parts is missing; say how many");
        }

        return Enumerable.Range(0, parts ?? 0).Select(index => (index.ToString(CultureInfo.InvariantCulture), part with { Index = index, Parts = parts!.Value }));
    }

    private IEnumerable<(string Suffix, PartSpec Part)> ByColumn(PartSpec part)
    {
        Belongs("parts", false, "the other kinds");
        var column = JobReader.Required(fields, "column", "name the column that tells the parts apart")?.Text;
        var values = fields.Scalars("values");
        if (values.Count == 0)
        {
            problems.Add(node, "partition: values is missing; list the column's values that make a part each");
        }

        return values.Select((value, index) => (
            SafeName.From(value.Text) ?? value.Text,
            part with { Index = index, Parts = values.Count, Column = column, Value = value.Text }));
    }

    private void Belongs(string key, bool isFit, string kind)
    {
        if (!isFit && fields[key] is { } given)
        {
            problems.Add(given, $"partition: {key} belongs to kind {kind}; remove it");
        }
    }

    private ulong Seed()
    {
        if (fields.Scalar("seed") is not { } scalar)
        {
            return jobSeed;
        }

        if (!ulong.TryParse(scalar.Text, NumberStyles.None, CultureInfo.InvariantCulture, out var seed))
        {
            fields.Wrong(scalar, "seed", "a whole number of at least 0");
        }

        return seed;
    }
}
