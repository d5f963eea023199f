namespace FlameEdge.Tasklets;

/// <summary>Steps one after the other. Surgery gives a new chain, looks into loops too, and names what it cannot find.</summary>
public sealed record Chain(IReadOnlyList<Step> Steps) : Step(string.Join(" >> ", Steps.Select(step => step.Name)))
{
    /// <inheritdoc/>
    public override async Task<Flow> RunAsync(CancellationToken cancellationToken)
    {
        foreach (var step in Steps)
        {
            var flow = await step.RunAsync(cancellationToken);
            if (flow != Flow.Next)
            {
                return flow;
            }
        }

        return Flow.Next;
    }

    /// <summary>A chain with <paramref name="step"/> in front of the step called <paramref name="name"/>.</summary>
    public Chain InsertBefore(string name, Step step) => Edit(name, found => [step, found]);

    /// <summary>A chain with <paramref name="step"/> behind the step called <paramref name="name"/>.</summary>
    public Chain InsertAfter(string name, Step step) => Edit(name, found => [found, step]);

    /// <summary>A chain with <paramref name="step"/> in place of the step called <paramref name="name"/>.</summary>
    public Chain Replace(string name, Step step) => Edit(name, _ => [step]);

    /// <summary>A chain without the step called <paramref name="name"/>.</summary>
    public Chain Remove(string name) => Edit(name, _ => []);

    private Chain Edit(string name, Func<Step, IReadOnlyList<Step>> edit)
    {
        var edits = 0;
        var edited = Walk(this);
        return edits == 1
            ? edited
            : throw new ArgumentException($"{edits} steps are called '{name}' in: {Name}", nameof(name));

        Chain Walk(Chain chain) => new([.. chain.Steps.SelectMany(Visit)]);

        IReadOnlyList<Step> Visit(Step step)
        {
            if (step.Name == name)
            {
                edits++;
                return edit(step);
            }

            return step switch
            {
                Loop loop => [loop with { Body = Walk(loop.Body as Chain ?? new Chain([loop.Body])) }],
                Chain chain => [Walk(chain)],
                _ => [step],
            };
        }
    }
}
