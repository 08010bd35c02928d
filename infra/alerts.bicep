// Alerts on what the app logs. Each line begins with the event's name, then the error code in parentheses if there is
// one, then the operation id in brackets. README.md lists the events and the codes; a test compares them with the rules.

param name string
param location string
param tags object
param workspaceId string
param emails array

var events = 'AppTraces | extend Event = extract("^([a-z-]+[.][a-z-]+) ", 1, Message), Code = extract("^[a-z.-]+ [(]([a-z_]+)[)] ", 1, Message), Operation = extract(" .([0-9a-f]{32}). ", 1, Message)'

// An alert fires if more than `moreThan` operations have such a line within the window.
var rules = [
  {
    name: 'defect'
    description: 'A defect of the app ended an operation or stopped a record. Look up the operation id in this log.'
    severity: 1
    where: 'Event in ("operation.defect", "record.defect")'
    moreThan: 0
    window: 'PT15M'
  }
  {
    name: 'token-refused'
    description: 'Azure DevOps or Aha! refuses a token. Save a new one in the integration.'
    severity: 1
    where: 'Code in ("azure_devops_credentials_rejected", "aha_credentials_rejected")'
    moreThan: 0
    window: 'PT15M'
  }
  {
    name: 'reconcile-failed'
    description: 'The timer failed twice within an hour, so that lost notifications are not made up for.'
    severity: 2
    where: 'Event in ("reconcile.failed")'
    moreThan: 1
    window: 'PT1H'
  }
  {
    name: 'hook-silent'
    description: 'The timer found changes twice that no notification had reported. Look at the subscription of the service hook.'
    severity: 2
    where: 'Event in ("reconcile.updated")'
    moreThan: 1
    window: 'PT6H'
  }
  {
    name: 'hook-disabled'
    description: 'The subscription of a service hook was disabled, and the app enabled it again. Look at its history in Azure DevOps.'
    severity: 3
    where: 'Event in ("subscription.enabled")'
    moreThan: 0
    window: 'PT1H'
  }
  {
    name: 'claims-left-behind'
    description: 'Sends ended without finishing, more than five within an hour, and left their claims behind. Look for restarts and time-outs.'
    severity: 2
    where: 'Event in ("claim.taken-over", "send.unfinished")'
    moreThan: 5
    window: 'PT1H'
  }
  {
    name: 'send-given-up'
    description: 'A send did not finish, and the timer no longer tries. Correct what the entry names, then send the feature again.'
    severity: 1
    where: 'Event in ("send.given-up")'
    moreThan: 0
    window: 'PT1H'
  }
]

resource group 'Microsoft.Insights/actionGroups@2023-01-01' = if (!empty(emails)) {
  name: '${name}-alerts'
  location: 'global'
  tags: tags
  properties: {
    enabled: true
    groupShortName: 'aha-ado'
    emailReceivers: [for (email, index) in emails: {
      name: 'email-${index}'
      emailAddress: email
      useCommonAlertSchema: true
    }]
  }
}

resource logAlerts 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [for rule in rules: {
  name: '${name}-${rule.name}'
  location: location
  tags: tags
  kind: 'LogAlert'
  properties: {
    displayName: '${name}: ${rule.name}'
    description: rule.description
    enabled: true
    severity: rule.severity
    scopes: [workspaceId]
    evaluationFrequency: 'PT15M'
    windowSize: rule.window
    autoMitigate: true
    skipQueryValidation: true
    criteria: {
      allOf: [
        {
          query: '${events} | where ${rule.where} | summarize Lines = count() by Operation'
          timeAggregation: 'Count'
          operator: 'GreaterThan'
          threshold: rule.moreThan
          failingPeriods: {
            numberOfEvaluationPeriods: 1
            minFailingPeriodsToAlert: 1
          }
        }
      ]
    }
    actions: {
      actionGroups: empty(emails) ? [] : [group.id]
    }
  }
}]

resource failures 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = {
  name: '${name}-failures'
  location: location
  tags: tags
  kind: 'LogAlert'
  properties: {
    displayName: '${name}: failures'
    description: 'More than ten calls within 15 minutes were answered with a status of 500 or above, or a function did not run at all.'
    enabled: true
    severity: 2
    scopes: [workspaceId]
    evaluationFrequency: 'PT15M'
    windowSize: 'PT15M'
    autoMitigate: true
    skipQueryValidation: true
    criteria: {
      allOf: [
        {
          query: 'AppRequests | where ResultCode startswith "5" or (ResultCode == "0" and Success == false)'
          timeAggregation: 'Count'
          operator: 'GreaterThan'
          threshold: 10
          failingPeriods: {
            numberOfEvaluationPeriods: 1
            minFailingPeriodsToAlert: 1
          }
        }
      ]
    }
    actions: {
      actionGroups: empty(emails) ? [] : [group.id]
    }
  }
}
