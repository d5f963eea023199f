using System.Globalization;

namespace FlameEdge.Topology.Reading;

/// <summary>Reads the <c>canoe</c> section of a job.</summary>
internal static class CanoeReader
{
    /// <summary>The presets by name.</summary>
    public static readonly string[] Presets = ["common", "images", "sensors", "few-inputs", "broad-drift"];

    // Key, least, most, whole.
    private static readonly (string Key, double Least, double Most, bool IsWhole)[] s_numbers =
    [
        ("learningRate", 1e-6, 10, false), ("aloneRate", 1e-6, 10, false), ("aloneBatches", 0, 1e6, true), ("specialistRate", 1e-6, 10, false),
        ("replayPerClass", 1, 1e5, true), ("replayedRows", 0, 1e5, true), ("handOver", 1, 1e6, true), ("hardeningSteps", 0, 1e5, true),
        ("averaging", 1, 64, true), ("borrowAtRise", 0, 1, false), ("freezeBatches", 0, 1e4, true), ("timeoutBatches", 1, 1e6, true),
        ("coldSpecialists", 0, 1e5, true), ("budgetBytes", 64, 1 << 20, true), ("examples", 8, 1e5, true), ("repairEpochs", 0, 1e4, true),
        ("alignedDeltas", 0, 1e5, true), ("scatteredWeights", 0, 1e5, true), ("refreshedValues", 1, 65535, true), ("leastCount", 1, 1e6, false), ("leastRecall", 0, 1, false),
    ];

    private static readonly string[] s_flags = ["keepsTwin", "asksForDipped", "asksToRefresh", "collaborates"];

    /// <summary>The section; its defaults where there is none.</summary>
    public static CanoeSpec Canoe(SpecMapping? node, string folder, SpecProblems problems)
    {
        var basis = new CanoeSpec();
        if (node is null)
        {
            return basis;
        }

        var fields = new Fields(node, "canoe", JobKeys.Canoe, problems);
        if (fields["lockstep"] is { } apart && fields["stream"] is null)
        {
            problems.Add(apart, "canoe: lockstep keeps the sites of a stored stream in step; name one with stream, or remove it");
        }

        if (fields["offers"] is { } offers && fields["lockstep"] is null)
        {
            problems.Add(offers, "canoe: offers are of a stored stream that is played in step; add lockstep, or remove it");
        }

        return new CanoeSpec
        {
            Preset = fields.OneOf("preset", Presets) ?? basis.Preset,
            Inputs = fields.Text("inputs"),
            Classes = Distinct(fields, "classes"),
            WarmUp = fields.Whole("warmUp", 0) ?? basis.WarmUp,
            Batches = fields.Whole("batches", 1),
            BatchesPerSecond = fields.Number("batchesPerSecond", value => value is >= 0 and <= 1e6, "a number from 0 to 1000000") ?? basis.BatchesPerSecond,
            ScoreEvery = fields.Whole("scoreEvery", 0) ?? basis.ScoreEvery,
            SaveEvery = fields.Whole("saveEvery", 1) ?? basis.SaveEvery,
            Stream = PathOf(fields, "stream", folder),
            StreamData = PathOf(fields, "streamData", folder),
            Lockstep = fields.Mapping("lockstep") is { } lockstep ? Lockstep(new Fields(lockstep, "lockstep", JobKeys.Lockstep, problems)) : null,
            Offers = fields.Text("offers"),
            Value = fields.Mapping("value") is { } value ? Value(value, fields, problems) : null,
            Denied = Distinct(fields, "denied"),
            Revoked = Hashes(fields),
            Numbers = Numbers(fields),
            Units = Units(fields),
            Significance = fields.OneOf("significance", ["taylor", "fisher", "activation", "magnitude"]) ?? basis.Significance,
            OldestRecord = fields.Duration("oldestRecord") ?? basis.OldestRecord,
        };
    }

    private static LockstepSpec Lockstep(Fields fields) =>
        new(fields.Whole("delay", 1, 1000) ?? 1, fields.Duration("wait") ?? TimeSpan.FromSeconds(30));

    private static ValueSpec Value(SpecMapping node, Fields canoe, SpecProblems problems)
    {
        if ((canoe["stream"] ?? canoe["classes"]) is { } other)
        {
            problems.Add(other, "canoe: a value has regions in place of classes, and stored streams have classes; remove 'value', or this");
        }

        var fields = new Fields(node, "value", JobKeys.Value, problems);
        return new ValueSpec(
            fields.Text("name") ?? "value",
            fields.Number("center", double.IsFinite, "a number") ?? 0,
            fields.Number("deviation", number => number is > 0 and < double.PositiveInfinity, "a number above 0") ?? 1);
    }

    private static Dictionary<string, double> Numbers(Fields fields)
    {
        var numbers = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var (key, least, most, isWhole) in s_numbers)
        {
            var kind = isWhole ? "a whole number" : "a number";
            if (fields.Number(key, value => value >= least && value <= most && (!isWhole || value == Math.Floor(value)), string.Create(CultureInfo.InvariantCulture, $"{kind} from {least:0.######} to {most:0.######}")) is { } number)
            {
                numbers[key] = number;
            }
        }

        foreach (var key in s_flags.Where(key => fields[key] is not null))
        {
            numbers[key] = fields.Flag(key) ? 1 : 0;
        }

        return numbers;
    }

    private static int[]? Units(Fields fields)
    {
        if (fields["units"] is not { } node)
        {
            return null;
        }

        var units = fields.Numbers("units");
        if (units.Count is 0 or > 8 || units.Any(unit => unit is < 1 or > 4096 || unit != Math.Floor(unit)))
        {
            fields.Wrong(node, "units", "one to eight whole numbers from 1 to 4096, one per hidden layer");
            return null;
        }

        return [.. units.Select(unit => (int)unit)];
    }

    private static string[] Distinct(Fields fields, string key)
    {
        string[] names = [.. fields.Scalars(key).Select(name => name.Text)];
        if (names.Length != names.Distinct(StringComparer.Ordinal).Count())
        {
            fields.Wrong(fields[key]!, key, "names of which each occurs once"); // It has names.
        }

        return names;
    }

    private static List<ulong> Hashes(Fields fields)
    {
        List<ulong> hashes = [];
        foreach (var scalar in fields.Scalars("revoked"))
        {
            if (scalar.Text.Length == 16 && ulong.TryParse(scalar.Text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var hash))
            {
                hashes.Add(hash);
            }
            else
            {
                fields.Wrong(scalar, "revoked", "model hashes of 16 hexadecimal digits, as events call them 'source'");
            }
        }

        return hashes;
    }

    private static string? PathOf(Fields fields, string key, string folder) =>
        fields.Text(key) is { } path ? Paths.Resolve(fields.Scalar(key)!, path, folder, fields.Problems) : null; // It has a text.
}
