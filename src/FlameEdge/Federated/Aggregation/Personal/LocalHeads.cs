using FlameEdge.Parameters;

namespace FlameEdge.Federated.Aggregation.Personal;

/// <summary>Personal layers: named tensors of the model stay on the client, the rest is shared. The change sent is zero at them.</summary>
/// <remarks>Not thread-safe; one per client. The server's values at personal layers stay what they were at the start.</remarks>
/// <seealso href="https://arxiv.org/abs/1912.00818">Arivazhagan et al. 2019, FedPer, algorithms 1 and 2</seealso>
public sealed class LocalHeads
{
    private readonly ParameterLayout layout;
    private readonly List<ParameterEntry> personal;
    private readonly float[] values;

    /// <param name="layout">The model's.</param>
    /// <param name="names">Personal tensors: each name is a tensor's, or the beginning of names before a dot (<c>head</c> for <c>head.weight</c>).</param>
    /// <param name="start">The model at the start, of which the personal layers are taken.</param>
    /// <exception cref="ArgumentException">A name means no tensor, or nothing is left to share.</exception>
    public LocalHeads(ParameterLayout layout, IReadOnlyCollection<string> names, ReadOnlySpan<float> start)
    {
        layout.RequireLength(start);
        if (names.FirstOrDefault(name => !layout.Entries.Any(entry => Means(name, entry))) is { } unknown)
        {
            throw new ArgumentException($"the model has no tensor '{unknown}'; it has {string.Join(", ", layout.Entries.Select(entry => entry.Name))}", nameof(names));
        }

        this.layout = layout;
        this.personal = [.. layout.Entries.Where(entry => names.Any(name => Means(name, entry)))];
        if (this.personal.Count == layout.Entries.Count)
        {
            throw new ArgumentException("all tensors are personal; nothing would be learned together", nameof(names));
        }

        this.values = start.ToArray();
        State = [new StateVector("personal", this.values)];
    }

    /// <summary>What a checkpoint keeps: of the model's length, used at the personal layers only.</summary>
    public IReadOnlyList<StateVector> State { get; }

    /// <summary>Puts the client's own layers into a received model: what the trainer loads, and what predicts here.</summary>
    public void Personalize(Span<float> model)
    {
        this.layout.RequireLength(model);
        foreach (var entry in this.personal)
        {
            this.values.AsSpan(entry.Offset, entry.Length).CopyTo(model[entry.Offset..]);
        }
    }

    /// <summary>Keeps the personal layers of the trained model and clears them from the change that is sent.</summary>
    public void Complete(ReadOnlySpan<float> trained, Span<float> change)
    {
        this.layout.RequireLength(trained);
        this.layout.RequireLength(change);
        foreach (var entry in this.personal)
        {
            trained.Slice(entry.Offset, entry.Length).CopyTo(this.values.AsSpan(entry.Offset));
            change.Slice(entry.Offset, entry.Length).Clear();
        }
    }

    private static bool Means(string name, ParameterEntry entry) =>
        entry.Name == name || (entry.Name.Length > name.Length && entry.Name[name.Length] == '.' && entry.Name.StartsWith(name, StringComparison.Ordinal));
}
