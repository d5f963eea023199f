using FlameEdge.Collaborative.Roles;
using FlameEdge.Diagnostics;
using FlameEdge.State;
using FlameEdge.Topology;

namespace FlameEdge.Tests.Collaborative.Roles;

/// <summary>What is remembered and cannot be read is told in one line; that a site comes back whole is tested with its role.</summary>
public class SiteMemoryTests
{
    private static readonly WorkerId Site = new("site_0");

    [Theory]
    [InlineData("""{"blob":"b","batches":3,"format":2}""", "what site_0 remembered was written by a later version of FlameEdge (format 2, this one knows 1); run that one, or start in another folder, and it learns anew")]
    [InlineData("""{"blob":"b","batches":3,"format":1}""", "what site_0 remembered is damaged; start it in another folder, and it learns anew")]
    [InlineData("""{"blob":"b","batches":3}""", "what site_0 remembered is damaged; start it in another folder, and it learns anew")]
    public async Task A_later_form_is_not_taken_for_damage(string document, string message)
    {
        var state = new MemoryStateStore();
        await state.CommitAsync([new StateChange(SiteMemory.Collection, Site.Value, System.Text.Encoding.UTF8.GetBytes(document))], TestContext.Current.CancellationToken);

        var error = await Assert.ThrowsAsync<StateException>(() => new SiteMemory(state, Site).RecallAsync(null!, null, TestContext.Current.CancellationToken));

        Assert.Equal(message, error.Message);
    }
}
