namespace FlameEdge.Models.Telemetry;

/// <summary>A fair sample of a stream of rows, of bounded size: each row seen so far is in it with the same chance. The same stream and seed keep the same rows.</summary>
/// <remarks>Not thread-safe. Balanced, each class has an equal part of the places and is sampled by itself.</remarks>
/// <seealso href="https://doi.org/10.1145/3147.3165">Vitter 1985: random sampling with a reservoir, algorithm R</seealso>
internal sealed class TelemetryReservoir
{
    private readonly TelemetryReservoirSettings settings;
    private readonly TelemetryRow?[] rows;
    private readonly long[] seen;

    public TelemetryReservoir(TelemetryReservoirSettings settings, int classCount)
    {
        this.settings = settings;
        rows = new TelemetryRow?[settings.Capacity];
        seen = new long[settings.Balanced ? classCount : 1];
    }

    /// <summary>Rows offered so far, by class where the reservoir is balanced.</summary>
    public IReadOnlyList<long> Seen => seen;

    /// <summary>Rows it holds, in the order of their places.</summary>
    public IEnumerable<TelemetryRow> Rows => rows.OfType<TelemetryRow>();

    /// <summary>Number of rows it holds.</summary>
    public int Count { get; private set; }

    /// <summary>Offers a row; the place it took, or null where it is not kept.</summary>
    public int? Offer(TelemetryRow row)
    {
        var part = settings.Balanced ? row.Label : 0;
        var (start, length) = PartOf(part);
        var number = seen[part]++;

        // The draw depends on the row's number alone, so that a restart goes on with the same choices.
        var place = number < length ? number : (long)(new PortableRandom(settings.Seed, (ulong)part, (ulong)number).NextDouble() * (number + 1));
        if (place >= length)
        {
            return null;
        }

        Put(start + (int)place, row);
        return start + (int)place;
    }

    /// <summary>Goes on where an earlier run stopped.</summary>
    public void Restore(IReadOnlyList<long> counts, IEnumerable<(int Place, TelemetryRow Row)> kept)
    {
        for (var part = 0; part < seen.Length && part < counts.Count; part++)
        {
            seen[part] = counts[part];
        }

        foreach (var (place, row) in kept.Where(entry => entry.Place >= 0 && entry.Place < rows.Length))
        {
            Put(place, row);
        }
    }

    private void Put(int place, TelemetryRow row)
    {
        Count += rows[place] is null ? 1 : 0;
        rows[place] = row;
    }

    private (int Start, int Length) PartOf(int part)
    {
        var start = (int)((long)settings.Capacity * part / seen.Length);
        return (start, (int)((long)settings.Capacity * (part + 1) / seen.Length) - start);
    }
}

/// <summary>A window's features and class.</summary>
/// <param name="Features">[features]</param>
/// <param name="Label">The class's index.</param>
internal sealed record TelemetryRow(float[] Features, int Label);
