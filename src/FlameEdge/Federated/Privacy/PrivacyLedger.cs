using FlameEdge.Diagnostics;
using FlameEdge.State;
using FlameEdge.Topology;

namespace FlameEdge.Federated.Privacy;

/// <summary>A client's own count of what it has released of its data, over all runs of the job: whoever asks for more than the budget allows gets nothing.</summary>
internal sealed class PrivacyLedger(IStateStore state, WorkerId owner, PrivacyBudget budget)
{
    private const string Collection = "privacy";

    /// <summary>Counts a release before it is made; the same one is counted once.</summary>
    /// <returns>False where the budget does not allow it; then nothing may be released.</returns>
    public async Task<bool> TrySpendAsync(string release, CancellationToken cancellationToken)
    {
        var spent = await state.ReadAsync(Collection, owner.Value, cancellationToken) is { } json ? FederatedJson.Read(json, FederatedJson.Default.PrivacySpent) : new PrivacySpent(0, "");
        if (spent.Last == release)
        {
            return true;
        }

        if (spent.Releases >= budget.LargestReleases)
        {
            return false;
        }

        await state.CommitAsync([new StateChange(Collection, owner.Value, FederatedJson.Write(new PrivacySpent(spent.Releases + 1, release), FederatedJson.Default.PrivacySpent))], cancellationToken);
        CrashPoint.Reach("privacy-spent");
        return true;
    }
}

/// <summary>What a client remembers of its releases.</summary>
/// <param name="Releases">How many.</param>
/// <param name="Last">Which was the last one.</param>
internal sealed record PrivacySpent(long Releases, string Last);
